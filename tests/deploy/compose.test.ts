/**
 * Containers cannot be run where there is no container engine; what can be held against something is: the files are read as
 * Compose reads them, and each part's environment is parsed by that part's own schema.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import { SEARCH_ATTRIBUTES } from '../../contracts/order.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';
import { databaseName, PARTS } from '../../local/parts.ts';
import { loadConfig } from '../../platform/config/load.ts';

const service = z.object({
  image: z.string().optional(),
  build: z.object({ dockerfile: z.string(), args: z.object({ PART: z.string() }) }).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  command: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  ports: z.array(z.string()).default([]),
});
const compose = z.object({ services: z.record(z.string(), service) });

const SECRETS = {
  POSTGRES_PASSWORD: 'secret',
  ROLE_PASSWORD: 'secret',
  TEMPORAL_POSTGRES_PASSWORD: 'secret',
  PROVIDER_WEBHOOK_SECRET: 'secret',
};
const FILES = { JWT_KEYS_FILE: '/keys.json', GATEWAY_SEED_FILE: '/clients.json' };

/** The services of a file, its variables filled in as Compose would; a required one that is missing throws. */
function read(file: string, variables: Record<string, string>) {
  const tree: unknown = parse(readFileSync(file, 'utf8'), { merge: true });
  const filled: unknown = JSON.parse(JSON.stringify(tree), (_, value: unknown) =>
    typeof value === 'string' ? fill(value, variables) : value,
  );
  return compose.parse(filled).services;
}

function fill(text: string, variables: Record<string, string>): string {
  return text.replaceAll(/\$\$|\$\{(\w+)(:?[-?])?([^}]*)\}/g, (whole, name: string, operator = '', rest = '') => {
    if (whole === '$$') return '$';
    const value = variables[name] ?? '';
    if (value === '' && operator.endsWith('?')) throw new Error(rest);
    return value === '' ? rest : value;
  });
}

const temporal = read('docker-compose.temporal.yml', SECRETS);
const platform = read('docker-compose.yml', { ...SECRETS, ...FILES });

/** The schema of the process that a part's folder holds. */
async function schemaOf(folder: string): Promise<z.ZodObject> {
  const exported: Record<string, unknown> = await import(pathToFileURL(`${folder}/config.ts`).href);
  const schema = Object.values(exported).find((value) => value instanceof z.ZodObject);
  if (!schema) throw new Error(`${folder}/config.ts has no schema`);
  return schema;
}

test.each(['docker-compose.temporal.yml', 'docker-compose.yml'])('%s starts with no password of its own', (file) => {
  expect(() => read(file, {})).toThrow(/^set /);
});

test('every image is pinned to a version, and none is the deprecated one', () => {
  const images = [...Object.values(temporal), ...Object.values(platform)].flatMap(({ image }) => image ?? []);
  expect(images.length).toBeGreaterThanOrEqual(6);
  for (const image of images) expect(image).toMatch(/^[\w./-]+:\d+\.\d+[\w.-]*$/);
  expect(images.join()).not.toContain('auto-setup');
});

test('what waits for a healthy part waits for one that says whether it is', () => {
  const all = { ...temporal, ...platform };
  const waits = Object.values(all).flatMap((part) => Object.entries(part.depends_on));
  expect(waits.length).toBeGreaterThanOrEqual(12);
  for (const [name, { condition }] of waits) {
    expect(Object.keys(all)).toContain(name);
    if (condition === 'service_healthy') expect(all[name]?.healthcheck).toBeDefined();
  }
});

test('the namespace of the Temporal file has every search attribute that workers use', () => {
  const script = temporal.namespace?.command?.join('\n') ?? '';
  for (const { name, type } of SEARCH_ATTRIBUTES) {
    expect(script.toLowerCase()).toContain(`--name ${name} --type ${type}`.toLowerCase());
  }
});

test('every part with a database gets one from the script that makes them', () => {
  const [, made = ''] = /^for name in (.+); do$/m.exec(readFileSync('deploy/postgres/init.sh', 'utf8')) ?? [];
  const wanted = PARTS.flatMap(({ database }) => (database ? [databaseName(database)] : []));
  expect(made.split(' ').sort()).toEqual(wanted.sort());
});

test('nothing is published beyond loopback', () => {
  const ports = [...Object.values(temporal), ...Object.values(platform)].flatMap((part) => part.ports);
  expect(ports.length).toBeGreaterThanOrEqual(3);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
});

/** The containers that run a part: one each, and two workers by role. */
const containersOf = (folder: string) => Object.values(platform).filter(({ build }) => build?.args.PART === folder);

describe('each part of the platform', () => {
  test.each(PARTS)('$name gets an environment that its own schema accepts, and nothing that it does not know', async (part) => {
    const folder = dirname(part.script);
    expect(existsSync(part.script)).toBe(true);
    const schema = await schemaOf(folder);
    const containers = containersOf(folder);
    expect(containers).toHaveLength(part.name === 'worker' ? 2 : 1);
    for (const { build, environment, healthcheck } of containers) {
      expect(existsSync(build?.dockerfile ?? '')).toBe(true);
      expect(() => loadConfig(schema, environment)).not.toThrow();
      for (const variable of Object.keys(environment)) expect(Object.keys(schema.shape)).toContain(variable);
      // Nothing explains itself to whoever asks, where others may ask.
      expect(Object.entries(loadConfig(schema, environment))).not.toContainEqual(['GRPC_REFLECTION', 'on']);
      const port = healthcheck?.test.at(-1);
      expect(Object.values(loadConfig(schema, environment))).toContain(Number(port));
    }
  });
});

test('every task queue has one worker of its own', () => {
  const served = containersOf('workers').map(({ environment }) => environment.WORKER_TASK_QUEUES);
  expect(served).toEqual([...TASK_QUEUES]);
});
