/**
 * One payment of one order.
 *
 * PY1 The status moves along TRANSITIONS only. Each transition leaves one row in the history, and each row has one event.
 * PY2 A payment is captured in full or not at all; 0 <= refunded <= captured.
 * PY3 Each movement of money is posted to the ledger by the transition that records it.
 * The migration upholds each of them again in the database.
 */
import { Collection } from '@mikro-orm/core';
import { v7 as uuid } from 'uuid';
import { illegalTransition } from './errors.ts';
import type { Assessment } from './fraud/check.ts';
import { type LedgerEntry, post } from './ledger/post.ts';
import { eventOf, type PaymentStatus, stepsToCapture, TRANSITIONS } from './payment-status.ts';
import { assertCharged, type Charge } from './provider.ts';
import { type Paid, Refund, type RefundRequest } from './refunds/refund.ts';
import { PaymentSchema } from './tables.ts';
import { historyEntry, type PaymentEvent, type PaymentHistory, paymentEvent } from './transition.ts';

export type Intent = {
  readonly orderId: string;
  readonly userId: string;
  /** The idempotency key of the charge. */
  readonly chargeKey: string;
  readonly amountMinor: number;
  readonly currency: string;
};

type Why = { readonly reason?: string; readonly refund?: Refund };

export class Payment extends PaymentSchema.class {
  override history = new Collection<PaymentHistory>(this);
  override refunds = new Collection<Refund>(this);
  override entries = new Collection<LedgerEntry>(this);

  /** A new payment, PENDING: the provider is about to be asked. */
  constructor({ orderId, userId, chargeKey, amountMinor, currency }: Intent, at: Date) {
    super();
    this.id = uuid();
    this.orderId = orderId;
    this.userId = userId;
    this.chargeKey = chargeKey;
    this.amountMinor = amountMinor;
    this.currency = currency;
    this.capturedMinor = 0;
    this.refundedMinor = 0;
    this.createdAt = at;
    this.recordTransition(null, 'PENDING', at);
  }

  /** Whether the provider's answer is not recorded yet. */
  isUnsettled(): boolean {
    return this.status === 'PENDING' || this.status === 'AUTHORIZED' || this.status === 'PROCESSING';
  }

  /** Captured and not given back, in minor units. */
  keptMinor(): number {
    return this.capturedMinor - this.refundedMinor;
  }

  /** The provider's id of the charge. Throws when nothing was authorised. */
  chargeId(): string {
    if (typeof this.providerReference !== 'string') throw new Error(`Payment ${this.id} has no charge`);
    return this.providerReference;
  }

  /**
   * Records the provider's charge: every status on the way to COMPLETED, and the capture in the ledger. Of a charge that is recorded
   * already only the fraud check may be missing. Throws when the charge is not the one that was asked for.
   */
  capture(charge: Charge, at: Date, assessment?: Assessment): void {
    assertCharged(charge, this);
    if (!this.isUnsettled()) {
      if (this.providerReference !== charge.id) throw new Error(`Payment ${this.id} is settled without the charge ${charge.id}`);
      if (assessment && typeof this.fraudScore !== 'number') this.assess(assessment);
      return;
    }
    this.providerReference = charge.id;
    this.capturedMinor = this.amountMinor;
    this.processedAt = at;
    if (charge.method) {
      this.methodBrand = charge.method.brand;
      this.methodLastFour = charge.method.lastFour;
    }
    if (assessment) this.assess(assessment);
    for (const step of stepsToCapture(this.status)) this.moveTo(step, at);
    post(this, 'captured', { operationKey: this.chargeKey, amountMinor: this.amountMinor, at });
  }

  /** No money was taken, and none will be. */
  fail(reason: string, at: Date, assessment?: Assessment): void {
    this.moveTo('FAILED', at, { reason });
    this.failureReason = reason;
    if (assessment) this.assess(assessment);
  }

  /** AUTHORIZED → VOIDED: the provider holds the money no longer. */
  void(reason: string, at: Date): void {
    this.moveTo('VOIDED', at, { reason });
  }

  /** Promises money back, before the provider is asked. The caller has checked that so much is left. */
  startRefund(request: RefundRequest, at: Date): Refund {
    const refund = new Refund(request, at);
    this.refunds.add(refund);
    this.moveTo('REFUNDING', at, { refund });
    post(this, 'refund_started', { operationKey: refund.key, amountMinor: refund.amountMinor, at });
    return refund;
  }

  /** The money went back: REFUNDED when nothing is left, else COMPLETED again. */
  completeRefund(refund: Refund, paid: Paid, at: Date): void {
    if (this.status !== 'REFUNDING') throw illegalTransition(this.status, 'REFUNDED');
    refund.complete(paid, at);
    this.refundedMinor += refund.amountMinor;
    this.moveTo(this.keptMinor() === 0 ? 'REFUNDED' : 'COMPLETED', at, { refund });
    const movement = paid.paidBy === 'outside' ? 'refund_settled_outside' : 'refund_completed';
    post(this, movement, { operationKey: refund.key, amountMinor: refund.amountMinor, at });
  }

  /** The promised money stays: the provider will never pay this refund. */
  failRefund(refund: Refund, at: Date): void {
    if (this.status !== 'REFUNDING') throw illegalTransition(this.status, 'COMPLETED');
    refund.fail();
    this.moveTo('COMPLETED', at, { refund });
    post(this, 'refund_failed', { operationKey: refund.key, amountMinor: refund.amountMinor, at });
  }

  /** The customer disputes the charge. Returns the event to store; undefined when it is known already. */
  dispute(at: Date): PaymentEvent | undefined {
    if (this.disputedAt) return undefined;
    this.disputedAt = at;
    return paymentEvent(this, { type: 'payment.disputed', at });
  }

  private assess({ score, factors }: Assessment): void {
    this.fraudScore = score;
    this.fraudFactors = factors;
  }

  /** Throws illegal_transition for a step that the state machine does not have. */
  private moveTo(to: PaymentStatus, at: Date, why: Why = {}): void {
    if (!TRANSITIONS[this.status].includes(to)) throw illegalTransition(this.status, to);
    this.recordTransition(this.status, to, at, why);
  }

  /** The only place that assigns a status: with it come the row of the history and the event. */
  private recordTransition(from: PaymentStatus | null, to: PaymentStatus, at: Date, why: Why = {}): void {
    this.status = to;
    this.updatedAt = at;
    this.history.add(historyEntry(this, { to, event: eventOf(from, to, why.refund), at, ...why }));
  }
}
PaymentSchema.setClass(Payment);
