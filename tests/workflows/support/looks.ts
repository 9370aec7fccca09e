/** What tests look at while an order runs. */
import { SEARCH_ATTRIBUTES } from '../../../contracts/order.ts';
import { eventually } from '../../../testkit/eventually.ts';
import type { ActivityName } from './fake-activities.ts';
import type { PlacedOrder } from './order-lab.ts';

/** Every call of it is a fault. */
export function down(): never {
  throw new Error('the service is down');
}

/** The order's own search attributes, those that are set. */
export async function attributesOf({ handle }: PlacedOrder) {
  const { typedSearchAttributes } = await handle.describe();
  const ours = SEARCH_ATTRIBUTES.map((key) => [key.name, typedSearchAttributes.get(key)]);
  return Object.fromEntries(ours.filter(([, value]) => value !== undefined));
}

/** Resolves when the activity has been called for this order. */
export async function calledOnce(order: PlacedOrder, activity: ActivityName): Promise<void> {
  await eventually(
    async () => order.calls.map((call) => call.activity),
    (activities) => activities.includes(activity),
  );
}
