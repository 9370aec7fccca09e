// PostgreSQL's details quote the row that it refused, and MikroORM appends them to the message.
const ROW_DETAIL = /\s+- detail: .*/s;
// Further fields of an error that are logged: they name things and quote no data.
const FIELDS = ['code', 'reason', 'constraint', 'table', 'syscall', 'address', 'port'] as const;

/** An error's message without the data that a database quotes in it. */
export function safeMessage(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(ROW_DETAIL, '');
}

/** The form of an error in a log line: type, message, stack, cause and a few fields, but no row of a database. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const type = error.name;
  const message = safeMessage(error);
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const fields = FIELDS.flatMap((name) => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === 'string' || typeof value === 'number' ? [[name, value]] : [];
  });
  return {
    type,
    message,
    ...Object.fromEntries(fields),
    stack: [`${type}: ${message}`, ...frames].join('\n'),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
