import { ensureDemoProducts } from '../demo/products.ts';
import type { DemoProduct, Facts } from '../facts.ts';
import { pidsOf, type Setting } from './assemble.ts';
import { platformValues } from './plan.ts';
import type { Supervisor } from './supervisor.ts';

/** What goes into platform.json, demo products included. `warn` is told when those could not be made. */
export async function gatherFacts(setting: Setting, supervisor: Supervisor, warn: (text: string) => void): Promise<Facts> {
  const { config, ports, secrets, cli } = setting;
  const values = platformValues(setting);
  const gateway = `http://127.0.0.1:${ports.GATEWAY_PORT}`;
  const { customer, operator, admin } = secrets.users;
  return {
    gateway,
    console: null,
    registry: null,
    provider: values.PROVIDER_URL,
    temporal: {
      address: values.TEMPORAL_ADDRESS,
      ui: config.TEMPORAL_ADDRESS ? null : `http://127.0.0.1:${ports.TEMPORAL_UI_PORT}`,
      namespace: values.TEMPORAL_NAMESPACE,
      cli,
    },
    api_key: secrets.apiClients.demo.key,
    bench_api_key: secrets.apiClients.bench.key,
    customer: personOf(customer),
    operator: personOf(operator),
    admin: personOf(admin),
    products: await makeProducts(setting, gateway, warn),
    pids: pidsOf(supervisor),
  };
}

function personOf({ id, email, password }: Setting['secrets']['users']['customer']) {
  return { id, email, password };
}

/** The platform is of use without them: services that run elsewhere may not know this platform's admin. */
async function makeProducts({ paths, secrets }: Setting, gateway: string, warn: (text: string) => void): Promise<DemoProduct[]> {
  try {
    return await ensureDemoProducts({ gateway, apiKey: secrets.apiClients.bench.key, admin: secrets.users.admin, paths });
  } catch (error: unknown) {
    warn(`The demo products could not be made: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}
