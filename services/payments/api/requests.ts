import * as z from 'zod';
import { entityId, idempotencyKey } from '../../../platform/rpc/fields.ts';
import { LedgerAccount } from '../../../proto/gen/shopfast/payments/v1/payments.ts';
import type { Account } from '../domain/ledger/accounts.ts';

const currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code');

const money = z.object({ amountMinor: z.int().min(1, 'must be at least 1'), currency });

// The provider's opaque token.
const paymentMethod = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');

const reason = z.string().regex(/^[a-z_]{1,64}$/, 'must be a reason of docs/problems.md');

export const processPaymentSchema = z.object({
  idempotencyKey,
  orderId: entityId,
  userId: entityId,
  amount: money,
  paymentMethod,
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
} as const satisfies Partial<Record<LedgerAccount, Account>>;

export const getBalanceSchema = z.object({
  account: z
    .enum(LedgerAccount)
    .exclude(['LEDGER_ACCOUNT_UNSPECIFIED'], 'must be an account of the ledger')
    .transform((account) => ACCOUNTS[account]),
  currency,
  at: z.date().optional(),
  of: z
    .discriminatedUnion('$case', [
      z.object({ $case: z.literal('paymentId'), value: entityId }).transform(({ value }) => ({ paymentId: value })),
      z.object({ $case: z.literal('orderId'), value: entityId }).transform(({ value }) => ({ orderId: value })),
    ])
    .optional(),
});

export const voidPaymentSchema = z.object({ idempotencyKey, orderId: entityId, reason });

export const validatePaymentMethodSchema = z.object({ paymentMethod });

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
