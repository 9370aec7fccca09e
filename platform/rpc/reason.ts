import type { Reason as WireReason } from '../../proto/gen/shopfast/reasons/v1/reasons.ts';

type NameOf<Wire> = Wire extends `REASON_${infer Name}` ? Lowercase<Name> : never;

/** A reason as ErrorInfo carries it: `insufficient_stock` for REASON_INSUFFICIENT_STOCK. */
export type Reason = Exclude<NameOf<WireReason>, 'unspecified'>;
