import type { Client } from '@temporalio/client';
import { orderWorkflowId } from '../contracts/ids.ts';

/** Its saga has its outcome. A paid order lives on. */
export async function isDecided(client: Client, orderId: string): Promise<boolean> {
  const { status, searchAttributes } = await client.workflow.getHandle(orderWorkflowId(orderId)).describe();
  return status.name !== 'RUNNING' || searchAttributes.OrderStatus?.[0] === 'PAID';
}
