import { type ClientHttp2Session, connect } from 'node:http2';
import { createClient } from '../../platform/rpc/client.ts';
import { startChild } from '../bare/child.ts';
import { echoDefinition, PAYLOAD } from '../bare/echo.ts';
import { loadFor } from '../load.ts';
import { rate } from '../measure.ts';
import { CONCURRENCY, type Part } from './part.ts';

const DEADLINE_MS = 5_000;

/** One unary call from the product's client to its server and back, beside the same bytes over Node's HTTP/2. */
export async function rpcHop(): Promise<Part> {
  const ours = await startChild('./grpc-echo.ts', []);
  const bare = await startChild('./http2-echo.ts', []);
  const client = createClient(echoDefinition, { target: `127.0.0.1:${ours.listening}` });
  const session = connect(`http://127.0.0.1:${bare.listening}`);
  return {
    name: 'one call to a service',
    says: { what: 'unary gRPC call', beside: 'the same bytes over node:http2', unit: 'calls per second', goal: '≥ 0.75' },
    ours: async (durationMs) =>
      rate(
        await loadFor(
          durationMs,
          CONCURRENCY,
          async () => (await client.calls.echo(PAYLOAD, { deadlineMs: DEADLINE_MS })).length === PAYLOAD.length,
        ),
      ),
    other: async (durationMs) => rate(await loadFor(durationMs, CONCURRENCY, () => roundTrip(session))),
    async stop() {
      client.close();
      session.close();
      await ours.stop();
      await bare.stop();
    },
  };
}

function roundTrip(session: ClientHttp2Session): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': '/bench.Echo/Echo', 'content-type': 'application/grpc' });
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stream.on('end', () => resolve(bytes === PAYLOAD.length));
    stream.on('error', reject);
    stream.end(PAYLOAD);
  });
}
