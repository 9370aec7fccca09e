/** The payments service as a process that meets its fate before or after a call to the provider: `charge before`. */
import { loadConfig } from '../../../platform/config/load.ts';
import { run } from '../../../platform/lifecycle/run.ts';
import { paymentsConfig } from '../../../services/payments/config.ts';
import { httpProvider } from '../../../services/payments/provider/http-provider.ts';
import { startPayments } from '../../../services/payments/server.ts';
import { around } from '../payments-disturbed.ts';
import { meet, ownFate } from './fate.ts';

await run('payments', async () => {
  const config = loadConfig(paymentsConfig, process.env);
  const fate = ownFate();
  const disturb = around(async (call, moment) => {
    if (fate?.at === `${call} ${moment}`) await meet(fate);
  });
  return startPayments(config, disturb(httpProvider({ url: config.PROVIDER_URL })));
});
