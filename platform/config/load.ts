import type * as z from 'zod';
import { descriptionOf } from './describe.ts';

/** A value the user can correct; its message is one line that names the variable and what it takes. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Parses one process's configuration from the environment and freezes it. Keys of the schema are the names of the
 * variables; an empty variable counts as absent. Throws ConfigError naming every variable that is wrong.
 */
export function loadConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<z.infer<z.ZodObject<Shape>>> {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return Object.freeze(parsed.data);
  const problems = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    return given[name] === undefined
      ? `${name} is missing: ${descriptionOf(schema.shape[name]) ?? 'it has no default'}`
      : `${name}: ${issue.message}`;
  });
  throw new ConfigError(`Configuration: ${problems.join('; ')}`);
}
