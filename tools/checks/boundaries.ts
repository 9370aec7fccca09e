import { createRequire } from 'node:module';
import { cruise, type ICruiseOptions, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser';

const require = createRequire(import.meta.url);

export type BoundaryReport = { readonly modules: number; readonly violations: readonly string[] };

/** Holds the imports below `root` against the rules. `rooms` are folders relative to it. */
export async function checkBoundaries(root: string, rooms: readonly string[]): Promise<BoundaryReport> {
  const {
    forbidden,
    options,
  }: { forbidden: IFlattenedRuleSet['forbidden']; options: ICruiseOptions } = require('../../.dependency-cruiser.cjs');
  const { output } = await cruise(
    [...rooms],
    {
      ...options,
      ruleSet: { forbidden: forbidden ?? [] },
      validate: true,
      baseDir: root,
    },
    options.enhancedResolveOptions,
  );
  const { summary, modules } = asResult(output);
  return {
    modules: modules.filter((module) => !module.source.startsWith('node_modules/')).length,
    violations: summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`),
  };
}

function asResult(output: ICruiseResult | string): ICruiseResult {
  if (typeof output === 'string') throw new Error('The boundary checker reported in a format that was not asked for');
  return output;
}
