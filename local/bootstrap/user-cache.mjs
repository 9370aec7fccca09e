import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where programs are kept for every clone of this user. */
export function userCache(environment) {
  return join(environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache'), 'shopfast');
}
