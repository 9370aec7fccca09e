import { PARTS } from '../local/parts.ts';
import { nodeOptions } from '../local/supervisor/plan.ts';

/** Node's own options of a part, as `npm start` sets them: a rival of the part runs with the same. */
export function nodeOptionsOf(name: string): string[] {
  const part = PARTS.find((row) => row.name === name);
  if (!part) throw new Error(`There is no part "${name}"`);
  return nodeOptions(part).split(' ');
}
