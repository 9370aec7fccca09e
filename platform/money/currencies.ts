/**
 * The minor digits of every currency, from ISO 4217 (list one, 2026). Every amount that is shown or compared with a limit uses this
 * table. `Intl` is no source: it knows the digits that a locale displays, which differ for HUF, IDR, IQD and others.
 */
const STANDARD_DIGITS = 2;

const DIGITS: Readonly<Record<string, number>> = {
  ...digits(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
  ...digits(3, 'BHD IQD JOD KWD LYD OMR TND'),
  ...digits(4, 'CLF UYW'),
  ...digits(
    STANDARD_DIGITS,
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU ' +
      'CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES ' +
      'KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR ' +
      'NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP ' +
      'TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG',
  ),
};

export const CURRENCY_CODES: readonly string[] = Object.keys(DIGITS).sort();

export function isCurrency(code: string): boolean {
  return Object.hasOwn(DIGITS, code);
}

/** The decimal digits between the currency's major and its minor unit: 2 for EUR, 0 for JPY, 3 for IQD. Throws for no currency. */
export function minorDigits(currency: string): number {
  const known = Object.hasOwn(DIGITS, currency) ? DIGITS[currency] : undefined;
  if (known === undefined) throw new RangeError(`${currency} is not an ISO 4217 currency`);
  return known;
}

/** For people, in English: `€12.30`, `HUF 12,345.00`. */
export function formatAmount({ amountMinor, currency }: { readonly amountMinor: number; readonly currency: string }): string {
  const fraction = minorDigits(currency);
  return formatOf(currency, fraction).format(amountMinor / 10 ** fraction);
}

const formats = new Map<string, Intl.NumberFormat>();

/** Kept, because to make a format costs more than to use it. */
function formatOf(currency: string, fraction: number): Intl.NumberFormat {
  const kept = formats.get(currency);
  if (kept) return kept;
  const made = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    minimumFractionDigits: fraction,
    maximumFractionDigits: fraction,
  });
  formats.set(currency, made);
  return made;
}

function digits(count: number, codes: string): Record<string, number> {
  return Object.fromEntries(codes.split(' ').map((code) => [code, count]));
}
