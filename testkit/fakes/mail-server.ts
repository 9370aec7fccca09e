import { type AddressInfo, createServer, type Socket } from 'node:net';

export type Received = { readonly from: string; readonly to: readonly string[]; readonly message: string };

/** As much of RFC 5321 as a client needs to hand over a mail. `refuse` answers a recipient instead of 250. */
export async function startMailServer(options: { refuse?: (to: string) => string | undefined } = {}) {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => {}));
    let envelope = { from: '', to: [] as string[] };
    let text = '';
    let inMessage = false;
    const say = (line: string) => socket.write(`${line}\r\n`);
    say('220 ready');
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      for (;;) {
        const end = inMessage ? '\r\n.\r\n' : '\r\n';
        const at = text.indexOf(end);
        if (at < 0) return;
        const part = text.slice(0, at);
        text = text.slice(at + end.length);
        if (inMessage) {
          inMessage = false;
          received.push({ ...envelope, message: part.replaceAll('\r\n..', '\r\n.') });
          envelope = { from: '', to: [] };
          say('250 taken');
          continue;
        }
        const address = /<(.*?)>/.exec(part)?.[1] ?? '';
        const verb = part.slice(0, 4).toUpperCase();
        if (verb === 'MAIL') envelope.from = address;
        const refusal = verb === 'RCPT' ? options.refuse?.(address) : undefined;
        if (verb === 'RCPT' && !refusal) envelope.to.push(address);
        inMessage = verb === 'DATA';
        say(refusal ?? (inMessage ? '354 go on' : verb === 'QUIT' ? '221 bye' : '250 fine'));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
