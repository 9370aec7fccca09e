import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, RetryInfo } from '../../proto/gen/google/rpc/error_details.ts';
import { Status } from '../../proto/gen/google/rpc/status.ts';

const DETAILS_KEY = 'grpc-status-details-bin';
const DOMAIN = 'shopfast';
const TYPE_PREFIX = 'type.googleapis.com/google.rpc.';

/** The codes of failed calls: all but OK. */
export type ErrorCode = Exclude<keyof typeof status, 'OK'>;

export type FieldViolation = { readonly field: string; readonly description: string };

/**
 * An error as it crosses gRPC: a standard code, a stable machine-readable reason, and a message that is safe to show.
 * Encoded as google.rpc.Status with ErrorInfo, BadRequest and RetryInfo details.
 */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: ErrorCode;
  readonly reason: string;
  /** Facts behind the reason, such as product_id and available_quantity. */
  readonly facts: Readonly<Record<string, string>>;
  readonly violations: readonly FieldViolation[];
  readonly retryDelayMs: number | undefined;

  constructor(fields: {
    code: ErrorCode;
    reason: string;
    message: string;
    facts?: Readonly<Record<string, string>>;
    violations?: readonly FieldViolation[];
    retryDelayMs?: number | undefined;
    cause?: unknown;
  }) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = fields.code;
    this.reason = fields.reason;
    this.facts = fields.facts ?? {};
    this.violations = fields.violations ?? [];
    this.retryDelayMs = fields.retryDelayMs;
  }
}

/** An error in the form that grpc-js sends. */
export function encodeStatus(error: StatusError): { code: status; details: string; metadata: Metadata } {
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, statusBytes(error));
  return { code: status[error.code], details: error.message, metadata };
}

// grpc-js calls a stream INTERNAL whose HTTP/2 session was lost under it.
const LOST_SESSION = /^(Received RST_STREAM|Failed to start HTTP\/2 stream)/;

/** The error that a client received. Without details (a transport failure) the reason is the code in lower case. */
export function decodeStatus(error: ServiceError): StatusError {
  const packed = error.metadata?.get(DETAILS_KEY)[0];
  if (Buffer.isBuffer(packed)) return statusFrom(packed, error);
  const code = error.code === status.INTERNAL && LOST_SESSION.test(error.details) ? 'UNAVAILABLE' : codeName(error.code);
  return new StatusError({ code, reason: code.toLowerCase(), message: error.details || error.message, cause: error });
}

/** The error as a serialised google.rpc.Status. */
export function statusBytes(error: StatusError): Buffer {
  const details = [
    pack('ErrorInfo', ErrorInfo.encode({ reason: error.reason, domain: DOMAIN, metadata: { ...error.facts } }).finish()),
  ];
  if (error.violations.length > 0) {
    const fieldViolations = error.violations.map((v) => ({ ...v, reason: '', localizedMessage: undefined }));
    details.push(pack('BadRequest', BadRequest.encode({ fieldViolations }).finish()));
  }
  if (error.retryDelayMs !== undefined) {
    const retryDelay = { seconds: Math.floor(error.retryDelayMs / 1000), nanos: (error.retryDelayMs % 1000) * 1_000_000 };
    details.push(pack('RetryInfo', RetryInfo.encode({ retryDelay }).finish()));
  }
  return Buffer.from(Status.encode({ code: status[error.code], message: error.message, details }).finish());
}

/** The error that `statusBytes` serialised. */
export function statusFrom(bytes: Uint8Array, cause?: unknown): StatusError {
  const { code, message, details } = Status.decode(bytes);
  const name = codeName(code);
  let reason = name.toLowerCase();
  let facts: Record<string, string> = {};
  let violations: FieldViolation[] = [];
  let retryDelayMs: number | undefined;
  for (const { typeUrl, value } of details) {
    if (typeUrl === `${TYPE_PREFIX}ErrorInfo`) {
      const info = ErrorInfo.decode(value);
      reason = info.reason;
      facts = info.metadata;
    } else if (typeUrl === `${TYPE_PREFIX}BadRequest`) {
      violations = BadRequest.decode(value).fieldViolations.map(({ field, description }) => ({ field, description }));
    } else if (typeUrl === `${TYPE_PREFIX}RetryInfo`) {
      const delay = RetryInfo.decode(value).retryDelay;
      retryDelayMs = delay ? delay.seconds * 1000 + Math.round(delay.nanos / 1_000_000) : undefined;
    }
  }
  return new StatusError({ code: name, reason, message, facts, violations, retryDelayMs, cause });
}

function codeName(code: status): ErrorCode {
  const name = status[code];
  return name === undefined || name === 'OK' ? 'UNKNOWN' : (name as ErrorCode);
}

function pack(type: string, value: Uint8Array): { typeUrl: string; value: Buffer } {
  return { typeUrl: `${TYPE_PREFIX}${type}`, value: Buffer.from(value) };
}
