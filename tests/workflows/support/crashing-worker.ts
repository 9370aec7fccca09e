/**
 * A worker process that dies by kill -9 once in a call of each order of its plan, before or after the call took effect. Run by
 * saga-crashes.test.ts; what has died already is remembered as files, because the next process must not die of it again.
 */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import * as z from 'zod';
import { type AnyCall, wrapActivities } from '../../../activities/wrap-activities.ts';
import { about } from '../../../testkit/saga-activities.ts';
import { createOrderWorker } from '../../../workers/order-worker.ts';
import { connectToServices } from '../../../workers/services.ts';
import { refuse } from './fake-activities.ts';
import { MODES } from './modes.ts';

const plan = z.record(
  z.string(),
  z.object({ activity: z.string(), when: z.enum(['before', 'after']), holdExpired: z.boolean() }),
);
const order = z.object({
  temporal: z.string(),
  namespace: z.string(),
  taskQueue: z.string(),
  /** The bundle, made once: a death costs a start of this process. */
  codePath: z.string(),
  mode: z.enum(MODES.map(({ mode }) => mode)),
  addresses: z.object({
    USERS_ADDRESS: z.string(),
    PRODUCTS_ADDRESS: z.string(),
    ORDERS_ADDRESS: z.string(),
    PAYMENTS_ADDRESS: z.string(),
  }),
  /** By order id and by user id. */
  plan,
  deaths: z.string(),
});
export type CrashOrder = z.infer<typeof order>;

Runtime.install({ logger: new DefaultLogger('ERROR', () => {}) });
process.on('disconnect', () => process.exit(0));

const given = order.parse(JSON.parse(process.argv[2] ?? ''));
const { temporal, namespace, taskQueue, codePath, addresses, plan: planned, deaths } = given;

function dieOnce(id: string, activity: string, when: 'before' | 'after'): void {
  const death = planned[id];
  if (death?.activity !== activity || death.when !== when) return;
  try {
    closeSync(openSync(join(deaths, id), 'wx'));
  } catch {
    return;
  }
  process.kill(process.pid, 'SIGKILL');
}

function deadly(activity: string, call: AnyCall): AnyCall {
  return async (input) => {
    const id = about.parse(input);
    dieOnce(id, activity, 'before');
    const output = await call(input);
    dieOnce(id, activity, 'after');
    return output;
  };
}

const { activities } = connectToServices(addresses);
const worker = await createOrderWorker({
  connection: await NativeConnection.connect({ address: temporal }),
  namespace,
  taskQueue,
  workflowBundle: { codePath },
  settings: MODES.find(({ mode }) => mode === given.mode)?.settings ?? {},
  activities: wrapActivities(
    {
      ...activities,
      confirmReservation: async (input: Parameters<typeof activities.confirmReservation>[0]) =>
        planned[input.orderId]?.holdExpired ? refuse('hold_expired') : activities.confirmReservation(input),
    },
    deadly,
  ),
});
process.send?.('ready');
await worker.run();
