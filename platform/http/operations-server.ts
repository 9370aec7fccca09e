import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

// Milliseconds a dependency has to answer; then readiness reports it as down.
const CHECK_LIMIT_MS = 1_000;

/** Rejects when the dependency cannot be used. */
export type DependencyCheck = () => Promise<unknown>;

export type Health = {
  readonly status: 'ready' | 'not_ready';
  readonly service: string;
  readonly version: string;
  readonly dependencies: readonly { name: string; status: 'up' | 'down'; error?: string }[];
};

export type HealthOptions = {
  readonly service: string;
  readonly version: string;
  readonly checks: Readonly<Record<string, DependencyCheck>>;
};

/** The answer of `/health/ready`. Checks all dependencies now and in parallel. */
export async function readHealth({ service, version, checks }: HealthOptions): Promise<Health> {
  const dependencies = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      try {
        await within(CHECK_LIMIT_MS, check());
        return { name, status: 'up' as const };
      } catch (error: unknown) {
        return { name, status: 'down' as const, error: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
  const ready = dependencies.every((dependency) => dependency.status === 'up');
  return { status: ready ? 'ready' : 'not_ready', service, version, dependencies };
}

/** Serves `/health/live`, `/health/ready` and `/metrics` of a process, on a port of their own. */
export async function createOperationsServer(options: HealthOptions & { host: string; port: number; registry: Registry }) {
  let draining = false;
  const server = createServer((request, response) => {
    answer(request.url ?? '/', response).catch((error: unknown) => send(response, 500, { error: String(error) }));
  });
  async function answer(url: string, response: ServerResponse): Promise<void> {
    if (url === '/health/live') return send(response, 200, { status: 'live' });
    if (url === '/health/ready') {
      const health = await readHealth(options);
      const ready = health.status === 'ready' && !draining;
      return send(response, ready ? 200 : 503, { ...health, status: ready ? 'ready' : 'not_ready' });
    }
    if (url === '/metrics') {
      response.writeHead(200, { 'content-type': options.registry.contentType });
      response.end(await options.registry.metrics());
      return;
    }
    send(response, 404, { error: 'not found' });
  }
  const port = await listen(server, options.port, options.host);
  return {
    port,
    /** Answers not ready from now on, so that no new work is sent here. */
    drain() {
      draining = true;
    },
    close() {
      const closed = close(server);
      // A peer that sends nothing does not hold up a process that ends.
      server.closeAllConnections();
      return closed;
    },
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

export function close(server: Server): Promise<void> {
  server.closeIdleConnections();
  return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
}

function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${limitMs} ms`)), limitMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
