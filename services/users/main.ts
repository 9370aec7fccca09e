import { loadConfig } from '../../platform/config/load.ts';
import { run } from '../../platform/lifecycle/run.ts';
import { usersConfig } from './config.ts';
import { startUsers } from './server.ts';

await run('users', () => startUsers(loadConfig(usersConfig)));
