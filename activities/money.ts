import type { Money } from '../contracts/money.ts';
import type { Money as MoneyMessage } from '../proto/gen/shopfast/money/v1/money.ts';

/** An amount that the contract promises. Throws when the service left it out. */
export function moneyFrom(message: MoneyMessage | undefined): Money {
  if (!message) throw new Error('The answer has no amount where the contract promises one');
  return { amountMinor: message.amountMinor, currency: message.currency };
}
