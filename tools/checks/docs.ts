import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const LINK = /\[[^\]]*\]\(([^)\s#]+)(#[^)\s]*)?\)/g;
const TEST_NAME = /`(tests\/[^`]+\.test\.ts)`(?: "([^"]+)")?/g;

/** Relative links of the Markdown files that lead nowhere. */
export function brokenLinks(files: readonly string[]): string[] {
  return files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(LINK)].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target) || existsSync(join(dirname(file), target))) return [];
      return [`${file}: no such file ${target}`];
    }),
  );
}

/**
 * Rows of docs/claims.md whose proof does not exist: a test file that is missing, a test name that the file does not
 * hold, or an npm script that package.json does not know.
 */
export function unprovenClaims(
  claims: string,
  scripts: ReadonlySet<string>,
): { readonly rows: number; readonly problems: readonly string[] } {
  const rows = claims
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| Promise') && !line.startsWith('| --'));
  const problems = rows.flatMap((row) => {
    const promise = row.split('|')[1]?.trim() ?? '';
    const tests = [...row.matchAll(TEST_NAME)];
    const commands = [...row.matchAll(/`npm (?:run )?([a-z:-]+)/g)].map(([, name = '']) => name);
    if (tests.length === 0 && commands.length === 0) return [`"${promise}" names neither a test nor a command`];
    return [
      ...tests.flatMap(([, file = '', name]) => missingTest(file, name)),
      ...commands.filter((name) => !scripts.has(name)).map((name) => `no npm script ${name}`),
    ].map((problem) => `"${promise}": ${problem}`);
  });
  return { rows: rows.length, problems };
}

function missingTest(file: string, name: string | undefined): string[] {
  if (!existsSync(file)) return [`no such test file ${file}`];
  return name === undefined || readFileSync(file, 'utf8').includes(name) ? [] : [`${file} has no test "${name}"`];
}

/** Every Markdown file of the project. */
export function markdownFiles(folder = '.'): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (name === 'node_modules' || name.startsWith('.')) return [];
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return markdownFiles(path);
    return name.endsWith('.md') ? [path] : [];
  });
}
