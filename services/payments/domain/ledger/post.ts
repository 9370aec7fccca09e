/**
 * The double-entry ledger.
 *
 * LG1 An entry is one row with a debit account, a credit account and one amount: it cannot be out of balance.
 * LG2 The transaction that records a movement writes its entry: there is both or neither.
 * LG3 A movement is posted once: an entry is unique by its movement and its idempotency key.
 * LG4 Entries are never changed or removed; a trigger refuses it, to the tables' owner too.
 */

import { LedgerEntrySchema, type PaymentRow } from '../tables.ts';
import { MOVEMENTS, type Movement } from './accounts.ts';

export class LedgerEntry extends LedgerEntrySchema.class {}
LedgerEntrySchema.setClass(LedgerEntry);

/** Posts one entry. `operationKey` is the idempotency key of the charge or of the refund that moves the money. */
export function post(
  payment: PaymentRow,
  movement: Movement,
  { operationKey, amountMinor, at }: { readonly operationKey: string; readonly amountMinor: number; readonly at: Date },
): void {
  const { debit, credit } = MOVEMENTS[movement];
  const entry = new LedgerEntry();
  entry.movement = movement;
  entry.operationKey = operationKey;
  entry.debitAccount = debit;
  entry.creditAccount = credit;
  entry.amountMinor = amountMinor;
  entry.currency = payment.currency;
  entry.at = at;
  payment.entries.add(entry);
}
