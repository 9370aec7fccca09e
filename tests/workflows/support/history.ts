import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import * as z from 'zod';

const event = z.object({
  eventType: z.string().transform((type) => type.replace('EVENT_TYPE_', '')),
  activityTaskScheduledEventAttributes: z.object({ activityType: z.object({ name: z.string() }) }).optional(),
  activityTaskStartedEventAttributes: z.object({ attempt: z.number().default(1) }).optional(),
});
const history = z.object({ events: z.array(event) });

export type HistoryEvent = { readonly type: string; readonly activity?: string; readonly attempt?: number };

/** What the server has recorded, as the Web UI shows it. */
export async function eventsOf(handle: WorkflowHandle): Promise<HistoryEvent[]> {
  const { events } = history.parse(JSON.parse(historyToJSON(await handle.fetchHistory())));
  return events.map((recorded) => {
    const activity = recorded.activityTaskScheduledEventAttributes?.activityType.name;
    const attempt = recorded.activityTaskStartedEventAttributes?.attempt;
    return { type: recorded.eventType, ...(activity ? { activity } : {}), ...(attempt ? { attempt } : {}) };
  });
}

/** The activities that went through the server, in the order of their scheduling; local ones do not. */
export function regularActivities(events: readonly HistoryEvent[]): string[] {
  return events.flatMap(({ activity }) => (activity ? [activity] : []));
}
