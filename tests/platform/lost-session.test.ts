import { once } from 'node:events';
import { constants, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { createClient } from '../../platform/rpc/client.ts';
import { ProductsServiceService } from '../../proto/gen/shopfast/products/v1/products.ts';

const PRODUCT = { productId: '019ac2b4-7c00-7000-8000-000000000001' };

test.each([
  ['the server resets the stream', (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
  ['the server closes the stream without an answer', (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_NO_ERROR)],
  ['the stream breaks a rule of the protocol', (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_PROTOCOL_ERROR)],
  ['the session is destroyed', (stream: ServerHttp2Stream) => stream.session?.destroy()],
])('a call is UNAVAILABLE, not INTERNAL, when %s', async (_, lose) => {
  const server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    lose(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = createClient(ProductsServiceService, { target: `127.0.0.1:${port}` });
  await expect(client.calls.getProduct(PRODUCT, { deadlineMs: 5_000 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  client.close();
  server.close();
});
