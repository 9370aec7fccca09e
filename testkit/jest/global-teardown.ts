import { rmSync } from 'node:fs';
import { rememberedServers } from './servers.ts';

export default async function tearDown(): Promise<void> {
  const started = rememberedServers();
  if (!started) return;
  for (const server of started.servers) server.stop();
  await Promise.all(started.servers.map((server) => server.exited));
  rmSync(started.folder, { recursive: true, force: true });
}
