import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MailRefused } from '../../platform/mail/mail.ts';
import { createSmtp } from '../../platform/mail/smtp.ts';
import { createSpool } from '../../platform/mail/spool.ts';
import { describeError } from '../../platform/telemetry/describe-error.ts';
import { startMailServer } from '../../testkit/fakes/mail-server.ts';

const FROM = 'ShopFast <orders@shop.example>';
const MAIL = {
  id: '0198c0de-1',
  to: 'zoe@customer.example',
  subject: 'Your order is confirmed',
  text: 'Amount: €28.70\n.\nBye\n',
};
const never = new AbortController().signal;

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'shopfast-mail-')), 'spool');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

/** A message's headers by name, and its text as a person reads it. */
function read(message: string) {
  const [head = '', body = ''] = message.split(/\r\n\r\n(.*)/s);
  const headers = Object.fromEntries(
    head
      .replaceAll(/\r\n\s+/g, ' ')
      .split('\r\n')
      .map((line) => line.split(/: (.*)/s, 2)),
  );
  const decoded = headers['Content-Transfer-Encoding'] === 'quoted-printable' ? unquoted(body) : body;
  return { headers, text: decoded.replaceAll('\r\n', '\n').trimEnd() };
}

function unquoted(body: string): string {
  const bytes = body
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

const EXPECTED = {
  headers: {
    From: FROM,
    To: MAIL.to,
    Subject: MAIL.subject,
    'Message-ID': '<0198c0de-1@shop.example>',
    'Auto-Submitted': 'auto-generated',
  },
  text: MAIL.text.trimEnd(),
};

test('a mail in the spool is a whole message in a file of its own that only its owner reads', async () => {
  await createSpool({ folder, from: FROM })(MAIL, never);

  expect(readdirSync(folder)).toEqual(['0198c0de-1.eml']);
  expect(statSync(join(folder, '0198c0de-1.eml')).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const message = readFileSync(join(folder, '0198c0de-1.eml'), 'utf8');
  expect(read(message)).toMatchObject(EXPECTED);
  // Each line ends as RFC 5322 has it.
  expect(message).not.toMatch(/(?<!\r)\n|\r(?!\n)/);
});

test('the same mail again, by twenty at once and on top of one that is there, is one file that nobody overwrites', async () => {
  const send = createSpool({ folder, from: FROM });
  await Promise.all(Array.from({ length: 20 }, () => send(MAIL, never)));
  writeFileSync(join(folder, '0198c0de-1.eml'), 'as the first one left it');
  await send({ ...MAIL, text: 'another' }, never);

  expect(readdirSync(folder)).toEqual(['0198c0de-1.eml']);
  expect(readFileSync(join(folder, '0198c0de-1.eml'), 'utf8')).toBe('as the first one left it');
});

test('an id that is no file name is refused, and a spool that cannot be written to says so', async () => {
  await expect(createSpool({ folder, from: FROM })({ ...MAIL, id: '../outside' }, never)).rejects.toThrow('no file name');
  const file = join(folder, '..', 'file');
  writeFileSync(file, '');
  await expect(createSpool({ folder: file, from: FROM })(MAIL, never)).rejects.toThrow('ENOTDIR');
});

test('over SMTP the same message arrives, for one recipient, and a second time with the same Message-ID', async () => {
  const server = await startMailServer();
  const send = createSmtp({ url: server.url, from: FROM });
  await send(MAIL, never);
  await send(MAIL, never);

  expect(server.received.map(({ from, to }) => [from, to])).toEqual(Array(2).fill(['orders@shop.example', [MAIL.to]]));
  for (const { message } of server.received) expect(read(message)).toMatchObject(EXPECTED);
  await server.close();
});

test('an address that holds two is never two recipients', async () => {
  const server = await startMailServer();
  const send = createSmtp({ url: server.url, from: FROM });
  await send({ ...MAIL, to: 'a@customer.example, b@customer.example' }, never).catch(() => {});
  for (const { to } of server.received) expect(to.length).toBeLessThan(2);
  await server.close();
});

test.each([
  ['550 5.1.1 <zoe@customer.example> unknown', 'SMTP 550', true],
  ['451 4.3.0 <zoe@customer.example> later', 'SMTP 451', false],
])('"%s" is told by its code alone: %s, permanent: %s', async (answer, code, permanent) => {
  const server = await startMailServer({ refuse: () => answer });
  const refused = await createSmtp({ url: server.url, from: FROM })(MAIL, never).catch((error: unknown) => error);
  expect(refused).toEqual(new MailRefused({ code, permanent }));
  expect(refused).toHaveProperty('permanent', permanent);
  // As it would be logged.
  expect(JSON.stringify(describeError(refused))).not.toContain('@customer.example');
  await server.close();
});

test('a server that is away may come back', async () => {
  const server = await startMailServer();
  await server.close();
  await expect(createSmtp({ url: server.url, from: FROM })(MAIL, never)).rejects.toMatchObject({
    message: 'mail not taken: ESOCKET',
    permanent: false,
  });
});

test('a send that is given up ends, although the server says nothing', async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const stop = new AbortController();
  const sending = createSmtp({ url: `smtp://127.0.0.1:${port}`, from: FROM })(MAIL, stop.signal);
  await new Promise((resolve) => silent.once('connection', (socket) => resolve(socket.on('error', () => {}))));
  stop.abort();
  await expect(sending).rejects.toThrow('aborted');
  await new Promise((resolve) => silent.close(resolve));
});
