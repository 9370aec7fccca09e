import { RefundSchema } from '../tables.ts';

/** Money on its way back. One refund of a payment at a time is PENDING. */
export class Refund extends RefundSchema.class {
  constructor({ key, amountMinor, reason }: RefundRequest, at: Date) {
    super();
    this.key = key;
    this.amountMinor = amountMinor;
    this.reason = reason;
    this.status = 'PENDING';
    this.createdAt = at;
  }

  isCompleted(): boolean {
    return this.status === 'COMPLETED';
  }

  complete(providerReference: string, at: Date): void {
    this.moveTo('COMPLETED');
    this.providerReference = providerReference;
    this.completedAt = at;
  }

  /** A refund only goes from PENDING to COMPLETED; its event is the payment's. */
  private moveTo(status: 'COMPLETED'): void {
    this.status = status;
  }
}
RefundSchema.setClass(Refund);

export type RefundRequest = {
  readonly key: string;
  readonly amountMinor: number;
  readonly reason: string;
};
