import { relative } from 'node:path';
import { asNode, descendants, type Node, nameOf, parseFile, typeScriptFiles } from './syntax.ts';

// Where statements are written by hand. local/postgres makes the embedded server's roles and databases.
const HOMES = [
  /^services\/[^/]+\/(store|audit)\//,
  /^gateway\/store\//,
  /^simulators\/[^/]+\/store/,
  /^platform\//,
  /^local\/postgres\//,
];
const STATEMENT =
  /^\s*\(?\s*(select\s|insert\s+into\s|update\s+\S+\s+(as\s+\w+\s+)?set\s|delete\s+from\s|with\s+(recursive\s+)?\w+(\s*\([^)]*\))?\s+as\s|(create|alter|drop)\s+(or\s+replace\s+|unique\s+)?(table|index|trigger|function|role|database|type|view|extension)\s|truncate\s|lock\s+table\s)/i;
// Fragments are SQL as well: sql`now()`, raw('…').
const MARKS = new Set(['sql', 'raw']);

/** Files with SQL outside of its homes, each with the beginning of what was found; and how many files were looked at. */
export function strayingSql(
  root: string,
  rooms: readonly string[],
): { readonly files: number; readonly problems: readonly string[] } {
  const files = rooms.flatMap((room) => typeScriptFiles(`${root}/${room}`)).map((file) => relative(root, file));
  const problems = files
    .filter((file) => !HOMES.some((home) => home.test(file)))
    .flatMap((file) =>
      descendants(parseFile(`${root}/${file}`))
        .flatMap(sqlOf)
        .map((text) => `${file}: SQL belongs in store/: ${text.trim().replaceAll(/\s+/g, ' ').slice(0, 60)}`),
    );
  return { files: files.length, problems };
}

function sqlOf(node: Node): string[] {
  if (node.type === 'TaggedTemplateExpression' && MARKS.has(nameOf(node.tag) ?? '')) return [textOf(asNode(node.template))];
  if (node.type === 'CallExpression' && MARKS.has(nameOf(node.callee) ?? '')) return [`${nameOf(node.callee)}(…)`];
  const text = textOf(node);
  return STATEMENT.test(text) ? [text] : [];
}

function textOf(node: Node | undefined): string {
  if (node?.type === 'StringLiteral') return String(node.value);
  if (node?.type !== 'TemplateLiteral' || !Array.isArray(node.quasis)) return '';
  return node.quasis.map(rawOf).join('…');
}

function rawOf(quasi: unknown): string {
  const raw = asNode(quasi)?.raw;
  return typeof raw === 'string' ? raw : '';
}
