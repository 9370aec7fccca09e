import * as z from 'zod';

const CHECK_LIMIT_MS = 2_000;

const health = z.object({
  status: z.string(),
  version: z.string(),
  dependencies: z.array(z.object({ name: z.string(), status: z.string(), error: z.string().optional() })).default([]),
});

export type PartHealth = { readonly version: string };

/** What a part says of itself on `/health/ready`. Rejects, saying why, when it is not ready. */
export async function readPartHealth(port: number): Promise<PartHealth> {
  const response = await ask(port);
  const parsed = health.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) throw new Error(`/health/ready answers ${response.status} with something else than health`);
  if (response.ok) return parsed.data;
  const down = parsed.data.dependencies.filter((dependency) => dependency.status !== 'up');
  const reasons = down.map(({ name, error }) => (error ? `${name}: ${error}` : name));
  throw new Error(reasons.length > 0 ? `waits for ${reasons.join('; ')}` : parsed.data.status);
}

async function ask(port: number): Promise<Response> {
  try {
    return await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(CHECK_LIMIT_MS) });
  } catch (error: unknown) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(cause instanceof Error && cause.message ? cause.message : 'does not answer', { cause: error });
  }
}
