import { loadConfig } from '../../platform/config/load.ts';
import { run } from '../../platform/lifecycle/run.ts';
import { productsConfig } from './config.ts';
import { startProducts } from './server.ts';

await run('products', () => startProducts(loadConfig(productsConfig)));
