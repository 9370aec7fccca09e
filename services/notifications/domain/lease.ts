import { defineEntity, p } from '@mikro-orm/core';
import { Delivery } from './delivery.ts';

/** A delivery in flight. The key allows one of each stream and receiver. */
export const LeaseSchema = defineEntity({
  name: 'Lease',
  tableName: 'delivery_leases',
  properties: {
    receiverId: p.uuid().primary(),
    streamId: p.uuid().primary(),
    delivery: () => p.manyToOne(Delivery),
    leaseId: p.uuid(),
    leasedUntil: p.datetime(),
  },
});

export class Lease extends LeaseSchema.class {}
LeaseSchema.setClass(Lease);
