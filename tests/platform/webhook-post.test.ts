/** Posting to addresses that strangers have chosen: real servers on free ports, real sockets; only names are answered here. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { AddressRefused, checkedLookup, type Resolve } from '../../platform/webhooks/checked-lookup.ts';
import { createPost } from '../../platform/webhooks/post.ts';
import { isPublicAddress } from '../../platform/webhooks/public-address.ts';
import { signatureOf } from '../../platform/webhooks/signature.ts';

const servers: (Server | TcpServer)[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Serves on a free port of loopback; answers its URL. */
async function serve(answer: RequestListener): Promise<string> {
  return listen(createServer(answer), 'http');
}

async function listen(server: Server | TcpServer, scheme: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.push(socket));
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

const answering = (status: number, headers: Record<string, string> = {}) =>
  serve((_, response) => response.writeHead(status, headers).end('what a receiver says'));

const never = new AbortController().signal;
const anywhere = createPost({ privateAddresses: true });
const letterTo = (url: string, signal = never) => ({ url, headers: { 'X-Test': 'yes' }, body: '{"a":1}', signal });

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

test('the body arrives as it was signed, with its headers, and a receiver can check whose it is', async () => {
  const secret = 's'.repeat(32);
  const got: { method?: string; headers: IncomingMessage['headers']; body: string }[] = [];
  const url = await serve((request, response) => {
    void textOf(request).then((body) => {
      got.push({ ...(request.method ? { method: request.method } : {}), headers: request.headers, body });
      response.writeHead(204).end();
    });
  });
  const body = '{"name":"Zoë"}';
  const headers = { 'Content-Type': 'application/json', 'ShopFast-Signature': signatureOf({ secret, body, at: new Date() }) };

  expect(await anywhere({ url, headers, body, signal: never })).toEqual({ ok: true });

  expect(got).toMatchObject([{ method: 'POST', body, headers: { 'content-type': 'application/json' } }]);
  const header = String(got[0]?.headers['shopfast-signature']);
  expect(isOurs(body, header, secret)).toBe(true);
  expect(isOurs(body, header, 'another secret')).toBe(false);
  expect(isOurs(body.replace('Zoë', 'Eve'), header, secret)).toBe(false);
  expect(isOurs(body, header.replace(/t=\d+/, 't=1'), secret)).toBe(false);
});

/** As docs/guides/events-delivery.md tells receivers to do it. */
function isOurs(body: string, header: string, secret: string): boolean {
  const [, seconds, hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  if (!seconds || !hex || Math.abs(Date.now() / 1_000 - Number(seconds)) > 300) return false;
  const expected = createHmac('sha256', secret).update(`${seconds}.${body}`).digest();
  return timingSafeEqual(expected, Buffer.from(hex, 'hex'));
}

describe('what a receiver answers', () => {
  test.each([
    [200, { ok: true }],
    [202, { ok: true }],
    [500, { ok: false, why: 'HTTP 500', permanent: false }],
    [404, { ok: false, why: 'HTTP 404', permanent: false }],
    [410, { ok: false, why: 'HTTP 410', permanent: true }],
  ])('%s is judged by its status alone, and nothing else of it is told', async (status, judged) => {
    expect(await anywhere(letterTo(await answering(status)))).toEqual(judged);
  });

  test('a redirect is not followed, wherever it leads', async () => {
    let visits = 0;
    const inside = await serve((_, response) => {
      visits += 1;
      response.end();
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const url = await answering(status, { Location: inside });
      const why = `HTTP ${status}: redirects are not followed`;
      expect(await anywhere(letterTo(url))).toEqual({ ok: false, why, permanent: false });
    }
    expect(visits).toBe(0);
  });

  test('one that is slow in its status is a failure in time; one that trickles its body has answered', async () => {
    const post = createPost({ privateAddresses: true, limitMs: 300 });
    const silent = await serve(() => {});
    expect(await post(letterTo(silent))).toEqual({ ok: false, why: 'no answer within 300 ms', permanent: false });
    const deaf = await listen(createTcpServer(), 'https');
    expect(await post(letterTo(deaf))).toEqual({ ok: false, why: 'no answer within 300 ms', permanent: false });
    const trickling = await serve((_, response) => {
      response.writeHead(200).write('.');
    });
    expect(await post(letterTo(trickling))).toEqual({ ok: true });
  });

  test('of an endless answer no more is read than the bound and what lay in buffers', async () => {
    const hungUp = Promise.withResolvers<number>();
    const url = await serve((_, response) => {
      const { socket } = response;
      response.on('close', () => hungUp.resolve(socket?.bytesWritten ?? 0));
      response.on('drain', () => response.write(Buffer.alloc(65_536)));
      response.writeHead(200);
      response.write(Buffer.alloc(65_536));
    });
    expect(await anywhere(letterTo(url))).toEqual({ ok: true });
    expect(await hungUp.promise).toBeLessThan(16 * 1_048_576);
  });

  test('no HTTP, nobody there, an unknown name: each has a name of its own', async () => {
    const chatter = await listen(
      createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH\r\n')),
      'http',
    );
    expect(await anywhere(letterTo(chatter))).toEqual({ ok: false, why: 'HPE_INVALID_CONSTANT', permanent: false });
    const gone = await answering(200);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await anywhere(letterTo(gone))).toEqual({ ok: false, why: 'connection refused', permanent: false });
    const nowhere = createPost({ privateAddresses: false, resolve: () => Promise.reject(errorOf('ENOTFOUND')) });
    expect(await nowhere(letterTo('http://no.example/'))).toEqual({ ok: false, why: 'unknown host', permanent: false });
    expect(await anywhere(letterTo('ftp://a.example/'))).toMatchObject({ permanent: true });
    expect(await anywhere(letterTo('no url'))).toMatchObject({ permanent: true });
  });
});

test('one that answers by switching protocols, as a server of WebSockets may, has not taken it', async () => {
  const url = await listen(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
      );
    }),
    'http',
  );
  const post = createPost({ privateAddresses: true, limitMs: 1_000 });
  expect(await post(letterTo(url))).toEqual({ ok: false, why: 'HTTP 101', permanent: false });
});

test('a name whose name server is silent is asked for once, however many wait for it, and all of them fail in time', async () => {
  let asked = 0;
  const resolve: Resolve = () => {
    asked += 1;
    return new Promise(() => {});
  };
  const post = createPost({ privateAddresses: false, resolve, limitMs: 300 });
  const posted = await Promise.all(Array.from({ length: 20 }, () => post(letterTo('http://silent.example/'))));
  expect(posted).toEqual(Array(20).fill({ ok: false, why: 'no answer within 300 ms', permanent: false }));
  expect(asked).toBe(1);
});

test('one that is told to stop rejects, however the receiver behaves', async () => {
  const stop = new AbortController();
  const arrived = Promise.withResolvers<void>();
  const silent = await serve(() => arrived.resolve());
  const posting = anywhere(letterTo(silent, stop.signal));
  await arrived.promise;
  stop.abort();
  await expect(posting).rejects.toThrow('aborted');
});

describe('addresses that are not public', () => {
  const refused = { ok: false, why: 'refused: not a public address', permanent: false };

  test('are refused when given literally, in every spelling, and nothing is dialled', async () => {
    let visits = 0;
    const url = await serve((_, response) => {
      visits += 1;
      response.end();
    });
    const { port } = new URL(url);
    const careful = createPost({ privateAddresses: false });
    for (const host of ['127.0.0.1', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '0', '[::1]', '[::ffff:127.0.0.1]']) {
      expect(await careful(letterTo(`http://${host}:${port}/`))).toEqual(refused);
    }
    expect(visits).toBe(0);
    expect(await anywhere(letterTo(url))).toEqual({ ok: true });
  });

  test('are refused when a name leads to them, also beside a public one', async () => {
    const url = await answering(200);
    const { port } = new URL(url);
    const leadingTo =
      (...addresses: string[]): Resolve =>
      async () =>
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    for (const addresses of [['127.0.0.1'], ['10.0.0.1'], ['8.8.8.8', '127.0.0.1'], ['2606:4700::1', '::1'], ['fd00::1']]) {
      const careful = createPost({ privateAddresses: false, resolve: leadingTo(...addresses) });
      expect(await careful(letterTo(`http://shop.example:${port}/`))).toEqual(refused);
    }
    expect(await createPost({ privateAddresses: false })(letterTo(`http://localhost:${port}/`))).toEqual(refused);
  });

  test('a connection is given the addresses that were checked, and its name is not asked for again', async () => {
    const asked: string[] = [];
    // The second answer would lead inside.
    const lookup = checkedLookup(async (host) => {
      asked.push(host);
      return [{ address: asked.length === 1 ? '1.1.1.1' : '127.0.0.1', family: 4 }];
    });
    const dial = () =>
      new Promise((resolve) => lookup('rebinding.example', { all: true }, (error, given) => resolve(error ?? given)));
    expect(await dial()).toEqual([{ address: '1.1.1.1', family: 4 }]);
    expect(asked).toEqual(['rebinding.example']);
    expect(await dial()).toBeInstanceOf(AddressRefused);
  });

  test.each([
    ['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.255.255.255', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ['192.0.0.1', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.1.1.1', '240.0.0.1'],
    ['::', '::1', '::ffff:8.8.8.8', '::ffff:7f00:1', '64:ff9b::808:808', '64:ff9b:1::1', '100::1', 'fc00::1', 'fd12::1'],
    ['fe80::1', 'fec0::1', 'ff02::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1', '255.255.255.255', '0.1.2.3'],
  ])('%s and the like', (...addresses) => {
    for (const address of addresses)
      expect([address, isPublicAddress(address, address.includes(':') ? 6 : 4)]).toEqual([address, false]);
  });

  test('public ones are none of them', () => {
    for (const address of [
      '1.1.1.1',
      '100.63.0.1',
      '100.128.0.1',
      '172.15.0.1',
      '172.32.0.1',
      '192.169.0.1',
      '223.255.255.255',
    ]) {
      expect([address, isPublicAddress(address, 4)]).toEqual([address, true]);
    }
    for (const address of ['2606:4700::1111', '2a00:1450::1', '2001:4860:4860::8888'])
      expect(isPublicAddress(address, 6)).toBe(true);
  });
});

function errorOf(code: string): Error {
  return Object.assign(new Error(code), { code });
}
