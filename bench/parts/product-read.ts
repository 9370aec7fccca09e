import { Agent, get } from 'node:http';
import { nodeOptionsOf } from '../../testkit/node-options.ts';
import { startChild } from '../bare/child.ts';
import { measure } from '../measure.ts';
import { grpcAddress } from './address.ts';
import { CONCURRENCY, type Ground, type Part } from './part.ts';

/** What the gateway adds to reading a product: key, trace, log, metrics, validation, tags, JSON of its own. */
export async function productRead({ platform, shop }: Ground): Promise<Part> {
  const { id } = await shop.createProduct({ stock: 10, priceMinor: 1_000 });
  const execArgv = nodeOptionsOf('gateway');
  const bare = await startChild('./product-proxy.ts', [await grpcAddress(platform, 'products')], execArgv);
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
  const { gateway, bench_api_key } = platform.facts;
  const cpu = async (name: string, url: string, pid: () => number, durationMs: number) => {
    const rival = {
      name,
      call: () => read(agent, `${url}/v1/products/${id}`, { 'X-API-Key': bench_api_key }),
      pids: () => ({ [name]: pid() }),
      stop: async () => undefined,
    };
    const { cpuMsPerCall, failed } = await measure(rival, durationMs, CONCURRENCY);
    if (failed > 0) throw new Error(`${failed} reads of ${name} failed`);
    return cpuMsPerCall[name] ?? Number.NaN;
  };
  return {
    name: 'reading a product',
    says: {
      what: 'GET /v1/products/{id} at the gateway',
      beside: 'bare http.createServer with one grpc-js call',
      unit: 'processor ms per call',
      goal: '≤ 2.0',
    },
    ours: (durationMs) => cpu('gateway', gateway, () => platform.currentFacts().pids.gateway ?? 0, durationMs),
    other: (durationMs) => cpu('bare', `http://127.0.0.1:${bare.listening}`, () => bare.pid, durationMs),
    async stop() {
      agent.destroy();
      await bare.stop();
    },
  };
}

function read(agent: Agent, url: string, headers: Record<string, string>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode === 200));
    }).on('error', reject);
  });
}
