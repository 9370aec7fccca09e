import * as z from 'zod';

const CALL_LIMIT_MS = 30_000;

const problem = z.object({ title: z.string().optional(), detail: z.string().optional(), reason: z.string().optional() });
const tokens = z.object({ access_token: z.string() });

export type Answer = { readonly status: number; readonly body: unknown };
export type Shop = ReturnType<typeof createShop>;

/** The platform as a client application sees it: HTTP, with its API key. */
export function createShop({ gateway, apiKey }: { readonly gateway: string; readonly apiKey: string }) {
  async function call(
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const response = await fetch(`${gateway}/v1${path}`, {
      method,
      headers: { 'X-API-Key': apiKey, 'Content-Type': 'application/json', ...options.headers },
      signal: AbortSignal.timeout(CALL_LIMIT_MS),
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    return { status: response.status, body: await response.json().catch(() => undefined) };
  }
  return {
    call,
    /** The header that names the user. */
    async login({ email, password }: { readonly email: string; readonly password: string }): Promise<Record<string, string>> {
      const answer = await call('POST', '/auth/login', { body: { email, password } });
      const { access_token } = expectAnswer(answer, tokens, `logging in as ${email}`);
      return { Authorization: `Bearer ${access_token}` };
    },
  };
}

/** The body of a good answer. Throws an Error with the gateway's reason for any other. */
export function expectAnswer<T>(answer: Answer, schema: z.ZodType<T>, what: string): T {
  const parsed = schema.safeParse(answer.body);
  if (answer.status < 300 && parsed.success) return parsed.data;
  const { title, detail, reason } = problem.safeParse(answer.body).data ?? {};
  throw new Error(
    `${what}: the gateway answered ${answer.status} ${[reason, detail ?? title].filter(Boolean).join(', ')}`.trimEnd(),
  );
}
