import * as z from 'zod';

/** The description of a field's schema, also when the field was made optional or given a default afterwards. */
export function descriptionOf(field: unknown): string | undefined {
  if (!(field instanceof z.ZodType)) return undefined;
  if (field.description) return field.description;
  return field instanceof z.ZodOptional || field instanceof z.ZodDefault ? descriptionOf(field.unwrap()) : undefined;
}
