/** What the gateway is compared with: Node's own HTTP server and one call of grpc-js, and nothing between them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { credentials } from '@grpc/grpc-js';
import { ProductsServiceClient } from '../../proto/gen/shopfast/products/v1/products.ts';

process.on('disconnect', () => process.exit(0));
const products = new ProductsServiceClient(process.argv[2] ?? '', credentials.createInsecure());
const server = createServer((request, response) => {
  const productId = request.url?.slice(request.url.lastIndexOf('/') + 1) ?? '';
  products.getProduct({ productId }, (error, found) => {
    response.statusCode = error ? 500 : 200;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(error ? {} : found.product));
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
