import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

const manifestSchema = z.object({
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
});

/** What is wrong with package.json and its lockfile: ranges instead of versions, registry hosts, second copies. */
export function manifestProblems(): { readonly packages: number; readonly problems: readonly string[] } {
  const manifest = manifestSchema.parse(JSON.parse(readFileSync('package.json', 'utf8')));
  const all = Object.entries({ ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies });
  const problems = all
    .filter(([, version]) => !/^\d+\.\d+\.\d+/.test(version))
    .map(([name, version]) => `${name}: ${version} is no exact version`);
  const lockfile = readFileSync('package-lock.json', 'utf8');
  if (lockfile.includes('"resolved": "http')) problems.push('package-lock.json names a registry host');
  const orm = new Set(all.filter(([name]) => name.startsWith('@mikro-orm/')).map(([, version]) => version));
  if (orm.size !== 1) problems.push(`@mikro-orm/* at several versions: ${[...orm].join(', ')}`);
  // With a second copy under the SDK, replay of JSON histories fails with "type must be a Type".
  for (const owner of readdirSync('node_modules/@temporalio')) {
    const copy = join('node_modules/@temporalio', owner, 'node_modules/protobufjs');
    if (existsSync(copy)) problems.push(`a second copy of protobufjs: ${copy}`);
  }
  return { packages: all.length, problems };
}
