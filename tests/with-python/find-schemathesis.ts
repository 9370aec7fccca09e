import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { userCache } from '../../local/bootstrap/user-cache.mjs';

const execute = promisify(execFile);

// Pinned, so that everybody runs what was tested. Needs Python 3.10 or newer.
const VERSION = '4.32.5';

/** Something that this machine does not have; the message names it. */
export class Missing extends Error {}

/** The path of the program, from a copy per user outside the clone, which is installed from PyPI when it is not there. */
export async function findSchemathesis(environment: NodeJS.ProcessEnv): Promise<string> {
  const folder = join(userCache(environment), `schemathesis-${VERSION}`);
  const program = join(folder, 'bin', 'schemathesis');
  if (!existsSync(program)) await install(folder);
  return program;
}

async function install(folder: string): Promise<void> {
  try {
    await execute('python3', ['-m', 'venv', folder]);
    await execute(join(folder, 'bin', 'pip'), ['install', '--quiet', `schemathesis==${VERSION}`]);
  } catch (error: unknown) {
    rmSync(folder, { recursive: true, force: true });
    const [why = ''] = String(error instanceof Error ? error.message : error)
      .split('\n')
      .slice(-2);
    throw new Missing(`Python 3.10 or newer with venv, and schemathesis ${VERSION} from PyPI (${why.trim()})`, { cause: error });
  }
}
