import { v7 as uuid } from 'uuid';
import type { RefundStatus } from '../payment-status.ts';
import { RefundSchema } from '../tables.ts';

/** Money on its way back. One refund of a payment at a time is PENDING. */
export class Refund extends RefundSchema.class {
  constructor({ key, operationKey, amountMinor, reason }: RefundRequest, at: Date) {
    super();
    this.id = uuid();
    this.key = key;
    this.operationKey = operationKey;
    this.amountMinor = amountMinor;
    this.reason = reason;
    this.status = 'PENDING';
    this.paidBy = 'provider';
    this.createdAt = at;
  }

  isCompleted(): boolean {
    return this.status === 'COMPLETED';
  }

  complete(paid: Paid, at: Date): void {
    this.moveTo('COMPLETED');
    this.paidBy = paid.paidBy;
    if (paid.paidBy === 'outside') {
      this.outsideReference = paid.reference;
      this.outsideReason = paid.reason;
      this.outsideActorId = paid.actorId;
    } else {
      this.providerReference = paid.providerReference;
    }
    this.completedAt = at;
  }

  /** It was not paid and never will be under its key. */
  fail(): void {
    this.moveTo('FAILED');
  }

  /** A refund only goes from PENDING to COMPLETED or FAILED; its event is the payment's. */
  private moveTo(status: Exclude<RefundStatus, 'PENDING'>): void {
    this.status = status;
  }
}
RefundSchema.setClass(Refund);

export type RefundRequest = {
  readonly key: string;
  readonly operationKey: string;
  readonly amountMinor: number;
  readonly reason: string;
};

/** How a refund was paid. */
export type Paid =
  | { readonly paidBy: 'provider' | 'provider_back_office'; readonly providerReference: string }
  | {
      readonly paidBy: 'outside';
      /** Of the payment that was made, such as a bank transfer's. */
      readonly reference: string;
      /** In the operator's words. */
      readonly reason: string;
      readonly actorId: string;
    };
