import { loadConfig } from '../../platform/config/load.ts';
import { run } from '../../platform/lifecycle/run.ts';
import { notificationsConfig } from './config.ts';
import { startNotifications } from './server.ts';

await run('notifications', () => startNotifications(loadConfig(notificationsConfig)));
