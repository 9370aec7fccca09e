import type { IncomingMessage } from 'node:http';
import type * as z from 'zod';
import { entityId } from '../../platform/rpc/fields.ts';
import type { RouteCtx } from './context.ts';
import { type FieldError, HttpProblem, notFound } from './problem.ts';

// Bytes of a request body. The largest real one, an order of 100 lines with an address, is about 9 KB.
const BODY_LIMIT_BYTES = 64 * 1024;

/** The JSON body in the schema's shape. Throws 415, 413, 400 for what is not JSON, 422 naming each wrong field. */
export async function readBody<T>(ctx: RouteCtx, schema: z.ZodType<T>): Promise<T> {
  return parseBody(await readBytes(ctx), schema);
}

/** The bytes of a JSON body as they came, for a signature over them. Throws 415, 413. */
export async function readBytes(ctx: RouteCtx): Promise<Buffer> {
  if (!ctx.is('application/json') || (ctx.get('content-encoding') || 'identity') !== 'identity') {
    throw invalid(415, 'The body must be application/json, not encoded.');
  }
  if (!['', 'utf-8'].includes(ctx.request.charset.toLowerCase())) throw invalid(415, 'The body must be UTF-8, as JSON is.');
  // The stated length only serves to refuse early.
  if ((ctx.request.length ?? 0) > BODY_LIMIT_BYTES) throw tooLarge();
  return collect(ctx.req);
}

/** Throws 400 for what is not JSON, 422 naming each wrong field. */
export function parseBody<T>(bytes: Buffer, schema: z.ZodType<T>): T {
  return inShape(schema, parseJson(bytes));
}

/** The query in the schema's shape; throws 422 naming each wrong or unknown parameter. */
export function readQuery<T>(ctx: RouteCtx, schema: z.ZodType<T>): T {
  return inShape(schema, { ...ctx.query });
}

/** The id in the path; 404 for a text that cannot be an id. */
export function pathId(ctx: RouteCtx): string {
  const id = entityId.safeParse(ctx.params.id);
  if (!id.success) throw notFound();
  return id.data;
}

/** By events: leaving an iteration early would close the connection before its answer is sent. */
function collect(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (bytes: Buffer) => {
      size += bytes.length;
      if (size <= BODY_LIMIT_BYTES) chunks.push(bytes);
      else reject(tooLarge());
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', (error) =>
      reject(new HttpProblem({ reason: 'unavailable', status: 499, detail: 'Gone.', cause: error })),
    );
  });
}

function parseJson(bytes: Buffer): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return JSON.parse(text, requireWellFormed);
  } catch (error: unknown) {
    throw invalid(400, 'The body is not JSON.', error);
  }
}

/** Half a surrogate pair is no character: PostgreSQL and gRPC would each store something else for it. */
function requireWellFormed(key: string, value: unknown): unknown {
  if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())) throw new Error('not well-formed Unicode');
  return value;
}

function inShape<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new HttpProblem({
    reason: 'validation_failed',
    detail: 'Some fields are missing, wrong or not known; `errors` names them.',
    members: { errors: parsed.error.issues.flatMap(fieldErrors) },
  });
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointer([...issue.path, key]), detail: 'is not a known field' }));
  }
  return [{ pointer: pointer(issue.path), detail: issue.message }];
}

function pointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function tooLarge(): HttpProblem {
  return invalid(413, `The body is larger than ${BODY_LIMIT_BYTES} bytes.`);
}

function invalid(status: number, detail: string, cause?: unknown): HttpProblem {
  return new HttpProblem({ reason: 'validation_failed', status, detail, cause });
}
