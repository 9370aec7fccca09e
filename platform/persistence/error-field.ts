/** A text field of an error or of its causes: drivers set `code` and `constraint`, and ORMs wrap the driver's error. */
export function errorField(error: unknown, name: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, name);
  if (typeof value === 'string') return value;
  return error instanceof Error && error.cause !== undefined ? errorField(error.cause, name) : undefined;
}
