import { loadConfig } from '../../platform/config/load.ts';
import { run } from '../../platform/lifecycle/run.ts';
import { ordersConfig } from './config.ts';
import { startOrders } from './server.ts';

await run('orders', () => startOrders(loadConfig(ordersConfig)));
