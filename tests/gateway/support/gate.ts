import { connect, createServer, type Server, type Socket } from 'node:net';

export type Gate = Awaited<ReturnType<typeof createGate>>;

/** A TCP way to a server that can be closed (connections refused), stuck (accepted and then silent) or slow. */
export async function createGate(target: string) {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  let stuck = false;
  let delayMs = 0;
  let server: Server | undefined;

  function forward(socket: Socket): void {
    const upstream = connect(Number(port), host);
    for (const side of [socket, upstream]) {
      sockets.add(side);
      side.on('error', () => side.destroy());
      side.on('close', () => sockets.delete(side));
    }
    socket.on('close', () => upstream.destroy());
    upstream.on('close', () => socket.destroy());
    socket.on('data', (bytes) => !stuck && upstream.write(bytes));
    upstream.on('data', (bytes) => {
      if (stuck) return;
      if (delayMs > 0) setTimeout(() => socket.write(bytes), delayMs);
      else socket.write(bytes);
    });
  }

  async function open(onPort: number): Promise<number> {
    const opened = createServer(forward);
    server = opened;

    return await new Promise((resolve) => {
      opened.listen(onPort, '127.0.0.1', () => {
        const address = opened.address();
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
  }

  const at = await open(0);
  return {
    address: `127.0.0.1:${at}`,
    async close() {
      const closing = server;
      server = undefined;
      for (const socket of sockets) socket.destroy();
      if (closing) await new Promise((resolve) => closing.close(resolve));
    },
    async open() {
      if (!server) await open(at);
    },
    stick() {
      stuck = true;
    },
    /** Each answer takes this much longer. Less than before ends open connections: their bytes would change their order. */
    slow(ms: number) {
      const shorter = ms < delayMs;
      delayMs = ms;
      if (shorter) for (const socket of sockets) socket.destroy();
    },
    /** Ends open connections: they have lost bytes. */
    unstick() {
      if (!stuck) return;
      stuck = false;
      for (const socket of sockets) socket.destroy();
    },
  };
}
