/**
 * Why something was refused or failed: the closed set of proto/shopfast/reasons, by the names that customers, operators, problem
 * documents and metrics share. A new reason does not compile until every table that answers it has a row.
 */
import { Reason as WireReason } from '../proto/gen/shopfast/reasons/v1/reasons.ts';

type NameOf<Wire> = Wire extends `REASON_${infer Name}` ? Lowercase<Name> : never;

export type Reason = Exclude<NameOf<WireReason>, 'unspecified'>;

export const REASONS: readonly Reason[] = Object.values(WireReason).map(nameOf).filter(isNamed);

const known: ReadonlySet<string> = new Set(REASONS);

export function isReason(value: string): value is Reason {
  return known.has(value);
}

function nameOf(wire: WireReason): NameOf<WireReason> {
  return wire.slice('REASON_'.length).toLowerCase() as NameOf<WireReason>;
}

function isNamed(name: NameOf<WireReason>): name is Reason {
  return name !== 'unspecified';
}
