// Three orders that show what the saga does: one that is paid, one whose card is declined, one that cannot be had.
import { loadConfig } from '../../platform/config/load.ts';
import { localConfig } from '../config.ts';
import { type DemoProduct, type Facts, readFacts } from '../facts.ts';
import { pathsIn } from '../paths.ts';
import { runCommand } from '../run-command.ts';
import { borrowPlatform } from './borrow-platform.ts';
import { followOrder } from './follow-order.ts';
import { readSagaSteps } from './saga-steps.ts';
import { createShop } from './shop.ts';

await runCommand(async () => {
  const paths = pathsIn(loadConfig(localConfig).SHOPFAST_DATA_DIR);
  const platform = await borrowPlatform(paths);
  try {
    const facts = readFacts(paths);
    if (!facts) throw new Error('The platform is still starting: try again when "npm run status" says that all parts are ready.');
    await showOrders(facts);
  } finally {
    await platform.giveBack();
  }
  if (platform.temporary) console.log('The platform ran for this demo only. "npm start" brings it up again, with these orders.');
});

async function showOrders(facts: Facts): Promise<void> {
  const shop = createShop({ gateway: facts.gateway, apiKey: facts.api_key });
  const headers = await shop.login(facts.customer);
  const inStock = chosen(facts.products, ({ stock }) => stock > 0);
  const soldOut = chosen(facts.products, ({ stock }) => stock === 0);
  const orders = [
    { title: 'A good order', product: inStock, paymentMethod: 'tok_ok' },
    { title: 'A declined card', product: inStock, paymentMethod: 'tok_declined' },
    { title: 'Out of stock', product: soldOut, paymentMethod: 'tok_ok' },
  ];
  for (const [index, order] of orders.entries()) {
    console.log(`\n${index + 1}. ${order.title}: 1 × ${order.product.name}, paid with ${order.paymentMethod}`);
    const { product, paymentMethod } = order;
    const details = (id: string) => showWorkflow(facts, id);
    await followOrder({ shop, headers, productId: product.id, paymentMethod, print: console.log, details });
  }
  console.log('');
}

/** Polling sees only the slow steps; the workflow's history knows all of them, with the undos. */
async function showWorkflow(facts: Facts, orderId: string): Promise<void> {
  const { temporal } = facts;
  console.log(`   workflow  ${workflowLink(facts, orderId)}`);
  if (!temporal.ui) return;
  const steps = await readSagaSteps({ ui: temporal.ui, namespace: temporal.namespace, workflowId: `order-${orderId}` });
  for (const { name, afterMs, result } of steps) {
    console.log(`   step      ${name.padEnd(20)} +${String(Math.round(afterMs)).padEnd(4)} ms  ${result}`);
  }
}

function chosen(products: readonly DemoProduct[], fits: (product: DemoProduct) => boolean): DemoProduct {
  const found = products.find(fits);
  if (!found) throw new Error('The demo products are not there: the lines that "npm start" printed say why.');
  return found;
}

function workflowLink({ temporal }: Facts, orderId: string): string {
  const path = `namespaces/${temporal.namespace}/workflows/order-${orderId}`;
  return temporal.ui ? `${temporal.ui}/${path}` : `order-${orderId} in the Web UI of ${temporal.address}`;
}
