/** The same bytes there and back over Node's own HTTP/2, without gRPC. */
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';

process.on('disconnect', () => process.exit(0));
const server = createServer();
server.on('stream', (stream) => {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.end(Buffer.concat(chunks));
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
