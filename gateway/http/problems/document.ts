/** Writes docs/problems.md from the table of problems; `--check` fails when the file is stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import { REASONS } from '../../../contracts/reasons.ts';
import type { Retry } from './row.ts';
import { PROBLEMS } from './table.ts';

const FILE = new URL('../../../docs/problems.md', import.meta.url);
const SCRIPT = 'gateway/http/problems/document.ts';

const RETRY_TEXT: Readonly<Record<Retry, string>> = {
  no: 'No: the same request gets the same answer.',
  later: 'Yes: the same request with the same `Idempotency-Key`, after `Retry-After` where it is given.',
  changed: 'Only after a change: correct the request and send it as a new one, an order with a new `Idempotency-Key`.',
};

const HEAD = `# Problems

Generated from \`gateway/http/problems/\` by \`node ${SCRIPT}\`; do not edit.

Every error is an [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) document (\`application/problem+json\`):

| member | |
|---|---|
| \`type\` | a link to the section of its reason below |
| \`title\`, \`status\` | in words and as the HTTP status |
| \`detail\` | this occurrence in words, safe to show |
| \`reason\` | the stable word that programs compare: one of the headings below |
| \`trace_id\` | finds every log line of the request |
| \`instance\` | the path of the request |
| \`errors\` | with \`validation_failed\`: \`[{pointer, detail}]\`, JSON pointers into the body or the query |
| \`order_id\`, \`step\`, \`facts\`, \`links\` | of a refused order: its id, the step of its saga that refused it, details, and where to read it |

Each section states the usual status of its reason.
`;

/** The text of docs/problems.md, which the gateway also serves. */
export function renderProblems(): string {
  const sections = REASONS.map((reason) => {
    const { status, title, retry, meaning, show } = PROBLEMS[reason];
    return `## ${reason}\n\n**${status} ${title}.** ${meaning}\n\n- Retry: ${RETRY_TEXT[retry]}\n- To show: “${show}”\n`;
  });
  return [HEAD, ...sections].join('\n');
}

if (import.meta.main) {
  const written = renderProblems();
  if (!process.argv.includes('--check')) writeFileSync(FILE, written);
  else if (readFileSync(FILE, 'utf8') !== written) {
    console.error(`docs/problems.md is stale: run \`node ${SCRIPT}\``);
    process.exitCode = 1;
  }
}
