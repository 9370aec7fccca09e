/** What a guide's patch changes, read from its text. */
import { readFileSync } from 'node:fs';

export type Patch = { readonly files: readonly string[]; readonly added: string };

export function readPatch(path: string): Patch {
  const lines = readFileSync(path, 'utf8').split('\n');
  const files = lines.flatMap((line) => /^diff --git a\/(\S+) b\/\S+$/.exec(line)?.slice(1) ?? []);
  const added = lines.filter((line) => line.startsWith('+') && !line.startsWith('+++ ')).map((line) => line.slice(1));
  return { files, added: added.join('\n') };
}

/** The code that a guide shows, block by block. */
export function codeOf(guide: string): string[] {
  return [...readFileSync(guide, 'utf8').matchAll(/^```(?:ts|proto|yaml)\n([\s\S]*?)^```$/gm)].map(([, code = '']) =>
    code.trimEnd(),
  );
}

/** The files that the rows of a guide's table name, in their order. */
export function filesOf(guide: string): string[] {
  const rows = readFileSync(guide, 'utf8')
    .split('\n')
    .filter((line) => /^\| \d/.test(line));
  return rows.flatMap((row) => [...row.matchAll(/`([\w./-]+\.\w+)`/g)].flatMap(([, file]) => file ?? []));
}
