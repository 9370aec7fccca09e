/** Writes docs/problems.md from the table of problems; `--check` fails when the file is not what would be written. */
import { readFileSync, writeFileSync } from 'node:fs';
import { REASONS } from '../contracts/reasons.ts';
import { PROBLEMS, type Retry } from './problems.ts';

const FILE = new URL('../docs/problems.md', import.meta.url);

const RETRY_TEXT: Readonly<Record<Retry, string>> = {
  no: 'No: asking again gives the same answer.',
  later: 'Yes: the same request with the same `Idempotency-Key`, after `Retry-After` where it is given.',
  changed: 'Not as it is: change what is wrong and send a new request, an order with a new `Idempotency-Key`.',
};

const HEAD = `# Problems

Generated from \`gateway/problems.ts\` by \`node gateway/problems-doc.ts\`; do not edit.

Every error is an [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) document (\`application/problem+json\`):

| member | |
|---|---|
| \`type\` | a link to the section below |
| \`title\`, \`status\` | in words and as the HTTP status |
| \`detail\` | what happened this time, safe to show |
| \`reason\` | the stable word that programs compare: one of the headings below |
| \`trace_id\` | finds every log line of the request |
| \`instance\` | the path that was asked |
| \`errors\` | with \`validation_failed\`: \`[{pointer, detail}]\`, JSON pointers into the body or the query |
| \`order_id\`, \`step\`, \`facts\`, \`links\` | of an order that was refused: which, at which step of its saga, why in detail, where to read it |

The status given is the usual one of the reason.
`;

/** The whole of docs/problems.md, as the gateway also serves it. */
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
    console.error('docs/problems.md is not what gateway/problems.ts says: run `node gateway/problems-doc.ts`');
    process.exitCode = 1;
  }
}
