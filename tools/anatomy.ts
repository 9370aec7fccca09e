/** Writes docs/guides/anatomy-of-an-order.md from two recorded histories; with --check only compares. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod';

const FILE = 'docs/guides/anatomy-of-an-order.md';

const payload = z.object({ data: z.string().optional() });
const event = z.looseObject({
  eventId: z.string(),
  eventType: z.string(),
  activityTaskScheduledEventAttributes: z.object({ activityType: z.object({ name: z.string() }) }).optional(),
  activityTaskCompletedEventAttributes: z.object({ scheduledEventId: z.string() }).optional(),
  activityTaskStartedEventAttributes: z.object({ scheduledEventId: z.string() }).optional(),
  markerRecordedEventAttributes: z.object({ details: z.object({ data: z.object({ payloads: z.array(payload) }) }) }).optional(),
  upsertWorkflowSearchAttributesEventAttributes: z
    .object({ searchAttributes: z.object({ indexedFields: z.record(z.string(), payload) }) })
    .optional(),
  workflowExecutionUpdateAcceptedEventAttributes: z
    .object({ acceptedRequest: z.object({ input: z.object({ name: z.string() }) }) })
    .optional(),
  workflowExecutionUpdateCompletedEventAttributes: z.object({ acceptedEventId: z.string() }).optional(),
});
const history = z.object({ events: z.array(event) });

type Event = z.infer<typeof event>;
type Explained = { readonly what: string; readonly where: readonly [file: string, symbol: string] };

const WORKER: Explained['where'] = ['workers/order-worker.ts', 'createOrderWorker'];
const ORDER = 'workflows/order/order.ts';
const LIFE = 'workflows/order/life.ts';

const FIXED: Readonly<Record<string, Explained>> = {
  EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: {
    what: 'The gateway starts `order-<orderId>` with ids, quantities and the payment token; no personal data',
    where: ['gateway/orders/workflow/outcome.ts', 'WithStartWorkflowOperation'],
  },
  EVENT_TYPE_WORKFLOW_TASK_SCHEDULED: { what: 'The workflow has something to do', where: WORKER },
  EVENT_TYPE_WORKFLOW_TASK_STARTED: { what: 'A worker took the task', where: WORKER },
  EVENT_TYPE_WORKFLOW_TASK_COMPLETED: { what: 'The workflow ran until it had to wait', where: [ORDER, 'order'] },
  EVENT_TYPE_TIMER_STARTED: { what: 'The return window begins; it is short in this recording', where: [LIFE, 'untilEnd'] },
  EVENT_TYPE_TIMER_FIRED: { what: 'The return window is over', where: [LIFE, 'untilEnd'] },
  EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: { what: "The order's end is the result", where: [LIFE, 'untilEnd'] },
};

const confirmed = read('closed');
const outcome = confirmed.findIndex((one) => one.workflowExecutionUpdateCompletedEventAttributes) + 1;

const text = `# Anatomy of an order

The histories that Temporal recorded for two orders, event by event, with the code behind each event. \`npm run anatomy\` generates this
page from \`tests/replay/histories\`. \`npm run replay\` replays today's code against the same histories.

A **marker** is a local activity: it ran inside the workflow task, and the history has its result only. The payment is a regular
activity: the server schedules it, retries it, and shows it while it waits.

## Confirmed

${table(confirmed, { to: outcome })}

## Then shipped, delivered and closed

The first activity of a ship, a deliver or a return is regular, so that the command is in the history before it changes anything.

${table(confirmed, { from: outcome })}

## Declined

The payment was refused, so it has nothing to undo. The steps before it are undone, newest first.

${table(read('declined'))}
`;

if (!process.argv.includes('--check')) writeFileSync(FILE, text);
else if (readFileSync(FILE, 'utf8') !== text) {
  process.stderr.write(`${FILE} is stale: npm run anatomy\n`);
  process.exit(1);
}
process.stdout.write('2 histories\n');

function read(name: string): readonly Event[] {
  return history.parse(JSON.parse(readFileSync(`tests/replay/histories/${name}.json`, 'utf8'))).events;
}

/** The events from the index `from` to before the index `to`. */
function table(events: readonly Event[], { from = 0, to = events.length }: { from?: number; to?: number } = {}): string {
  const rows = events.slice(from, to).map((one) => {
    const { what, where } = explain(one, events);
    const [file, symbol] = where;
    if (!readFileSync(file, 'utf8').includes(symbol)) throw new Error(`${file} has no ${symbol}`);
    return `| ${one.eventId} | ${title(one.eventType)} | ${what} | [\`${file}\`](../../${file}) \`${symbol}\` |`;
  });
  return ['| # | Event | What it is | Where |', '|---|---|---|---|', ...rows].join('\n');
}

function explain(one: Event, events: readonly Event[]): Explained {
  const fixed = FIXED[one.eventType];
  if (fixed) return fixed;
  const marker = one.markerRecordedEventAttributes;
  if (marker) {
    const { activity_type: name } = z.object({ activity_type: z.string() }).parse(decode(marker.details.data.payloads[0]));
    return { what: `Local activity \`${name}\` answered`, where: activity(name) };
  }
  const upsert = one.upsertWorkflowSearchAttributesEventAttributes;
  if (upsert) {
    const shown = Object.entries(upsert.searchAttributes.indexedFields).map(
      ([name, value]) => `${name} = ${String(decode(value))}`,
    );
    return {
      what: `Searches find the order by ${shown.sort().join(', ')}`,
      where: ['workflows/order/attributes.ts', 'upsertSearchAttributes'],
    };
  }
  const update = updateOf(one, events);
  if (update !== undefined) return explainUpdate(update, one.workflowExecutionUpdateCompletedEventAttributes !== undefined);
  const name = scheduledActivity(one, events);
  return { what: `Activity \`${name}\`, ${title(one.eventType).split(' ').at(-1)?.toLowerCase()}`, where: activity(name) };
}

/** The name of the Update that the event accepts or completes. */
function updateOf(one: Event, events: readonly Event[]): string | undefined {
  const completed = one.workflowExecutionUpdateCompletedEventAttributes;
  const accepted = completed ? events.find(({ eventId }) => eventId === completed.acceptedEventId) : one;
  return accepted?.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest.input.name;
}

function explainUpdate(update: string, completed: boolean): Explained {
  if (update === 'outcome') {
    return completed
      ? { what: 'The caller receives the outcome', where: [LIFE, '#outcome.resolve'] }
      : { what: 'A caller waits for the outcome', where: [ORDER, 'setHandler(outcomeUpdate'] };
  }
  return completed
    ? { what: `The command \`${update}\` was carried out`, where: [LIFE, `${update}(`] }
    : { what: `The command \`${update}\` is accepted`, where: [ORDER, `setHandler(${update}Update`] };
}

function scheduledActivity(one: Event, events: readonly Event[]): string {
  const follows = one.activityTaskStartedEventAttributes ?? one.activityTaskCompletedEventAttributes;
  const scheduled = follows ? events.find(({ eventId }) => eventId === follows.scheduledEventId) : one;
  const name = scheduled?.activityTaskScheduledEventAttributes?.activityType.name;
  if (name === undefined) throw new Error(`Event ${one.eventId}, ${one.eventType}, has no explanation yet`);
  return name;
}

/** The file in activities/ that has it. */
function activity(name: string): readonly [string, string] {
  const file = readdirSync('activities').find(
    (each) => each.endsWith('.ts') && readFileSync(`activities/${each}`, 'utf8').includes(`    ${name}: `),
  );
  if (!file) throw new Error(`No file in activities/ has ${name}`);
  return [`activities/${file}`, name];
}

function decode(value: z.infer<typeof payload> | undefined): unknown {
  return JSON.parse(Buffer.from(value?.data ?? '', 'base64').toString('utf8'));
}

function title(eventType: string): string {
  const words = eventType.replace('EVENT_TYPE_', '').toLowerCase().split('_');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ');
}
