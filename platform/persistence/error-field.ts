/** A text field of an error or of what caused it: drivers put `code` and `constraint` there, ORMs wrap them. */
export function errorField(error: unknown, name: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, name);
  if (typeof value === 'string') return value;
  return error instanceof Error && error.cause !== undefined ? errorField(error.cause, name) : undefined;
}
