/** One unary call through the product's own gRPC server, whose handler does nothing. */
import { createGrpcServer } from '../../platform/rpc/server.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { echoDefinition } from './echo.ts';

process.on('disconnect', () => process.exit(0));
const server = await createGrpcServer({
  definition: echoDefinition,
  handlers: { echo: async (bytes) => bytes },
  host: '127.0.0.1',
  port: 0,
  logger: createLogger('echo', 'warn'),
  metrics: createMetrics('echo', '0'),
});
process.send?.(server.port);
