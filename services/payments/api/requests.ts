import * as z from 'zod';
import { currencyCode, entityId, idempotencyKey, paymentMethodToken, text } from '../../../platform/rpc/fields.ts';
import { LedgerAccount } from '../../../proto/gen/shopfast/payments/v1/payments.ts';
import type { Account } from '../domain/ledger/accounts.ts';

const money = z.object({ amountMinor: z.int().min(1, 'must be at least 1'), currency: currencyCode });

const reason = z.string().regex(/^[a-z_]{1,64}$/, 'must be a reason of docs/problems.md');

export const processPaymentSchema = z.object({
  idempotencyKey,
  orderId: entityId,
  userId: entityId,
  amount: money,
  paymentMethod: paymentMethodToken,
});

export const refundPaymentSchema = z
  .object({
    idempotencyKey,
    orderId: entityId,
    amount: money.optional(),
    undoesKey: z.union([z.literal(''), idempotencyKey], 'must be an idempotency key or empty'),
    reason,
  })
  .refine(({ amount, undoesKey }) => !amount || undoesKey === '', {
    path: ['amount'],
    message: 'must be absent in an undo, which gives back all that is left',
  })
  .refine(({ idempotencyKey: key, undoesKey }) => key !== undoesKey, {
    path: ['undoesKey'],
    message: 'must differ from the key of the undo itself',
  });

// Characters of an operator's reference and reason.
const REFERENCE_MAX = 200;
const REASON_MAX = 500;

export const settleOutsideSchema = z
  .object({
    idempotencyKey,
    orderId: entityId,
    settlesKey: idempotencyKey,
    amount: money.optional(),
    reference: text({ min: 1, max: REFERENCE_MAX }),
    reason: text({ min: 1, max: REASON_MAX }),
    actorId: entityId,
  })
  .refine(({ idempotencyKey: key, settlesKey }) => settlesKey === '' || key !== settlesKey, {
    path: ['settlesKey'],
    message: 'must differ from the key of the settlement itself',
  });

export const recordProviderEventSchema = z.object({
  idempotencyKey,
  type: z.string().regex(/^[a-z_.]{1,64}$/, 'must be a type of event'),
  providerReference: z.string().regex(/^[\x21-\x7e]{1,255}$/, "must be the provider's id of a charge"),
});

export const getPaymentSchema = z.object({
  by: z.discriminatedUnion(
    '$case',
    [z.object({ $case: z.literal('paymentId'), value: entityId }), z.object({ $case: z.literal('orderId'), value: entityId })],
    'must be a payment id or an order id',
  ),
});

const ACCOUNTS = {
  [LedgerAccount.LEDGER_ACCOUNT_CUSTOMER_CLEARING]: 'customer_clearing',
  [LedgerAccount.LEDGER_ACCOUNT_MERCHANT_RECEIVABLE]: 'merchant_receivable',
  [LedgerAccount.LEDGER_ACCOUNT_REFUNDS_PAYABLE]: 'refunds_payable',
  [LedgerAccount.LEDGER_ACCOUNT_SETTLED_OUTSIDE]: 'settled_outside',
} as const satisfies Partial<Record<LedgerAccount, Account>>;

export const getBalanceSchema = z.object({
  account: z
    .enum(LedgerAccount)
    .exclude(['LEDGER_ACCOUNT_UNSPECIFIED'], 'must be an account of the ledger')
    .transform((account) => ACCOUNTS[account]),
  currency: currencyCode,
  at: z.date().optional(),
  of: z
    .discriminatedUnion('$case', [
      z.object({ $case: z.literal('paymentId'), value: entityId }).transform(({ value }) => ({ paymentId: value })),
      z.object({ $case: z.literal('orderId'), value: entityId }).transform(({ value }) => ({ orderId: value })),
    ])
    .optional(),
});

export const voidPaymentSchema = z.object({ idempotencyKey, orderId: entityId, reason });

export const validatePaymentMethodSchema = z.object({ paymentMethod: paymentMethodToken });

// Effects per page when none is asked for, and at most.
const EFFECTS_SIZE = 100;
const EFFECTS_SIZE_MAX = 1_000;

export const listEffectsSchema = z.object({
  page: z
    .object({
      since: z.date().optional(),
      pageSize: z
        .int()
        .min(0, 'must be at least 0')
        .max(EFFECTS_SIZE_MAX, `must be at most ${EFFECTS_SIZE_MAX}`)
        .transform((size) => size || EFFECTS_SIZE),
      cursor: z.string().max(100, 'is not a cursor of this list'),
    })
    .prefault({ pageSize: 0, cursor: '' }),
});
