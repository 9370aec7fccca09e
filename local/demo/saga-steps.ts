// What a saga did, read from its workflow's history as the Temporal Web UI serves it.
import * as z from 'zod';
import { waitFor } from '../wait.ts';

const LIMIT_MS = 5_000;

export type SagaStep = { readonly name: string; readonly afterMs: number; readonly result: string };

const payloads = z.object({ payloads: z.array(z.object({ data: z.string().optional() })) }).optional();
const event = z.object({
  eventId: z.string(),
  eventType: z.string(),
  eventTime: z.string(),
  markerRecordedEventAttributes: z.object({ details: z.object({ data: payloads, result: payloads }).optional() }).optional(),
  activityTaskScheduledEventAttributes: z.object({ activityType: z.object({ name: z.string() }) }).optional(),
  activityTaskCompletedEventAttributes: z.object({ scheduledEventId: z.string(), result: payloads }).optional(),
  activityTaskFailedEventAttributes: z
    .object({ scheduledEventId: z.string(), failure: z.object({ message: z.string().default('') }).optional() })
    .optional(),
});
const history = z.object({ history: z.object({ events: z.array(event) }) });
const localActivity = z.object({
  activity_type: z.string(),
  complete_time: z.object({ seconds: z.number(), nanos: z.number() }),
});
const refusal = z.object({ ok: z.literal(false), reason: z.string() });

type Event = z.infer<typeof event>;

/** The steps and undos of a saga in the order in which they ended. Waits until the workflow is not in the middle of one. */
export async function readSagaSteps(options: { readonly ui: string; readonly namespace: string; readonly workflowId: string }) {
  const { ui, namespace, workflowId } = options;
  const url = `${ui}/api/v1/namespaces/${namespace}/workflows/${workflowId}/history?maximumPageSize=500`;
  const events = await waitFor(async () => {
    const response = await fetch(url);
    const found = history.parse(await response.json()).history.events;
    if (/WORKFLOW_TASK_(SCHEDULED|STARTED)$/.test(found.at(-1)?.eventType ?? ''))
      throw new Error(`${workflowId} is in the middle of a step`);
    return found;
  }, LIMIT_MS);
  const startedAt = Date.parse(events[0]?.eventTime ?? '');
  return events.flatMap((each) => stepOf(each, events, startedAt));
}

function stepOf(each: Event, events: readonly Event[], startedAt: number): SagaStep[] {
  const at = Date.parse(each.eventTime) - startedAt;
  const marker = localActivity.safeParse(decode(each.markerRecordedEventAttributes?.details?.data)).data;
  if (marker) {
    const { seconds, nanos } = marker.complete_time;
    const result = resultOf(each.markerRecordedEventAttributes?.details?.result);
    return [{ name: marker.activity_type, afterMs: seconds * 1_000 + nanos / 1e6 - startedAt, result }];
  }
  const completed = each.activityTaskCompletedEventAttributes;
  if (completed) return [{ name: nameOf(completed.scheduledEventId, events), afterMs: at, result: resultOf(completed.result) }];
  const failed = each.activityTaskFailedEventAttributes;
  if (failed) {
    return [{ name: nameOf(failed.scheduledEventId, events), afterMs: at, result: `failed: ${failed.failure?.message}` }];
  }
  return [];
}

function nameOf(scheduledEventId: string, events: readonly Event[]): string {
  const scheduled = events.find(({ eventId }) => eventId === scheduledEventId);
  return scheduled?.activityTaskScheduledEventAttributes?.activityType.name ?? 'activity';
}

/** A refusal is a result of its step, not a failure. */
function resultOf(result: z.infer<typeof payloads>): string {
  const refused = refusal.safeParse(decode(result)).data;
  return refused ? `refused: ${refused.reason}` : 'done';
}

function decode(value: z.infer<typeof payloads>): unknown {
  const data = value?.payloads[0]?.data;
  if (!data) return undefined;
  try {
    return JSON.parse(Buffer.from(data, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
}
