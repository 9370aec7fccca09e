/**
 * `node tests/with-python/main.ts`: schemathesis holds the gateway of a platform of its own to its API document, as anonymous caller,
 * customer, operator and admin. Ends with 0 when all answers are as described, 1 when one is not, 2 when this machine lacks a part.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { createProgress } from '../../local/bootstrap/progress.mjs';
import { findTemporal } from '../../local/temporal/find-cli.mjs';
import { type RunningPlatform, startPlatform } from '../../testkit/platform.ts';
import { findSchemathesis, Missing } from './find-schemathesis.ts';

const MISSING = 2;
const CONFIG = fileURLToPath(new URL('schemathesis.toml', import.meta.url));
const ROLES = ['anonymous', 'customer', 'operator', 'admin'] as const;
type Role = (typeof ROLES)[number];

const { values: options } = parseArgs({
  options: {
    // Of each operation and role: about two minutes in all.
    examples: { type: 'string', default: '10' },
    role: { type: 'string', multiple: true, default: [...ROLES] },
  },
});

process.exitCode = await run();

async function run(): Promise<number> {
  try {
    const program = await findSchemathesis(process.env);
    const cli = await findTemporal({ environment: process.env, progress: createProgress() }).catch((error: unknown) => {
      throw new Missing(`the Temporal server (${error instanceof Error ? error.message : String(error)})`, { cause: error });
    });
    const platform = await startPlatform({ env: { LOG_LEVEL: 'warn', TEMPORAL_CLI_PATH: cli } });
    try {
      return await checkRoles(program, platform);
    } finally {
      await platform.stop();
    }
  } catch (error: unknown) {
    if (!(error instanceof Missing)) throw error;
    say(`missing: ${error.message}`);
    return MISSING;
  }
}

async function checkRoles(program: string, { facts }: RunningPlatform): Promise<number> {
  const wrong: Role[] = [];
  let requests = 0;
  for (const role of ROLES.filter((known) => options.role.includes(known))) {
    const headers = role === 'anonymous' ? [] : await signIn(facts.gateway, facts.bench_api_key, facts[role]);
    const { exitCode, output } = await check(program, facts.gateway, headers);
    requests += Number(/(\d+) generated/.exec(output)?.[1] ?? 0);
    if (exitCode === 0) continue;
    wrong.push(role);
    say(`As ${role}:\n${output}`);
  }
  say(wrong.length === 0 ? `${requests} requests in ${options.role.length} roles` : `Not as described for ${wrong.join(', ')}`);
  return wrong.length === 0 && requests > 0 ? 0 : 1;
}

async function signIn(gateway: string, apiKey: string, { email, password }: { email: string; password: string }) {
  const response = await fetch(`${gateway}/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const { access_token } = z.object({ access_token: z.string() }).parse(await response.json());
  return [`Authorization: Bearer ${access_token}`, `X-API-Key: ${apiKey}`];
}

async function check(program: string, gateway: string, headers: readonly string[]) {
  // One worker: Python 3.11 fails at times when several analyse the same schema.
  const run = ['run', `${gateway}/openapi.json`, '--max-examples', options.examples, '--no-shrink', '--workers', '1'];
  const child = spawn(program, ['--config-file', CONFIG, '--no-color', ...run, ...headers.flatMap((header) => ['-H', header])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // It keeps what it found in its working folder.
    cwd: tmpdir(),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const [exitCode]: unknown[] = await once(child, 'close');
  return { exitCode, output };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
