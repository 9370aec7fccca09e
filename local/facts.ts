import { rmSync } from 'node:fs';
import * as z from 'zod';
import type { Paths } from './paths.ts';
import { readPrivate, writePrivate } from './private-files.ts';

const person = z.object({ id: z.string(), email: z.string(), password: z.string() });
const product = z.object({ id: z.string(), sku: z.string(), name: z.string(), stock: z.number() });

/** platform.json: all that another command or a client needs for using the platform. Null where a part is not there. */
const facts = z.object({
  gateway: z.string(),
  console: z.string().nullable(),
  registry: z.string().nullable(),
  provider: z.string(),
  temporal: z.object({ address: z.string(), ui: z.string().nullable(), namespace: z.string(), cli: z.string().nullable() }),
  api_key: z.string(),
  bench_api_key: z.string(),
  customer: person,
  operator: person,
  admin: person,
  products: z.array(product),
  pids: z.record(z.string(), z.number()),
});

export type Facts = z.infer<typeof facts>;
export type DemoProduct = z.infer<typeof product>;

/** Undefined when there is no platform.json. It may be that of a platform that was killed: ask the control socket. */
export function readFacts(paths: Paths): Facts | undefined {
  return readPrivate(paths.facts, facts);
}

/** platform.json is there while the platform is ready to be used, and no longer. */
export function createFactsFile(paths: Paths) {
  let current: Facts | undefined;
  rmSync(paths.facts, { force: true });
  return {
    write(next: Facts): void {
      current = next;
      writePrivate(paths.facts, next);
    },
    /** Parts restart under new numbers. */
    updatePids(pids: Readonly<Record<string, number>>): void {
      if (!current || JSON.stringify(current.pids) === JSON.stringify(pids)) return;
      current = { ...current, pids: { ...pids } };
      writePrivate(paths.facts, current);
    },
    remove(): void {
      current = undefined;
      rmSync(paths.facts, { force: true });
    },
  };
}
