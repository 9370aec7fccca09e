import type { Guarded } from '../../local/bootstrap/guard.mjs';

/** What global-setup starts and global-teardown ends; Jest runs both in one process, so a module remembers it. */
export type Servers = { readonly folder: string; readonly servers: readonly Guarded[] };

let started: Servers | undefined;

export function rememberServers(servers: Servers): void {
  started = servers;
}

export function rememberedServers(): Servers | undefined {
  return started;
}
