import type * as z from 'zod';
import { StatusError } from './status-error.ts';

/** Parses a request; throws INVALID_ARGUMENT with one field violation per problem. */
export function parseRequest<T>(schema: z.ZodType<T>, request: unknown): T {
  const parsed = schema.safeParse(request);
  if (parsed.success) return parsed.data;
  throw new StatusError({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    message: 'The request has invalid fields',
    violations: parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), description: issue.message })),
  });
}
