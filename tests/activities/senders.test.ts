/** Receivers get events: a webhook over HTTP, a customer by mail. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { createMailSender } from '../../activities/events/mail-sender.ts';
import type { Message } from '../../activities/events/sender.ts';
import { createWebhookSender } from '../../activities/events/webhook-sender.ts';
import { type Mail, MailRefused } from '../../platform/mail/mail.ts';
import { createClient } from '../../platform/rpc/client.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import { VERSION } from '../../platform/version.ts';
import { createPost } from '../../platform/webhooks/post.ts';
import { signatureOf } from '../../platform/webhooks/signature.ts';
import type { Event } from '../../proto/gen/shopfast/events/v1/events.ts';
import { Role, UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { serve } from '../../testkit/fakes/services.ts';

const never = new AbortController().signal;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const event = (given: Partial<Event> = {}): Event => ({
  id: 'e-1',
  type: 'order.paid',
  version: 1,
  orderId: 'o-1',
  userId: 'u-1',
  at: new Date('2026-01-02T03:04:05.678Z'),
  amount: { amountMinor: 2_870, currency: 'EUR' },
  facts: { payment_id: 'p-1' },
  sequence: 3,
  ...given,
});
const message = (given: Partial<Event> = {}): Message => ({ event: event(given), url: '', secret: '' });

test('a webhook gets the event as it is documented, signed', async () => {
  const got: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      got.push({ headers: request.headers, body });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  const send = createWebhookSender(createPost({ privateAddresses: true }));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const secret = 'k'.repeat(32);

  expect(await send({ event: event(), url, secret }, never)).toEqual({ ok: true });
  const { amount: _amount, ...unpriced } = event();
  expect(await send({ event: unpriced, url, secret }, never)).toEqual({ ok: true });
  expect(await send({ event: { ...unpriced, orderId: '' }, url, secret }, never)).toEqual({ ok: true });

  expect(got.map(({ body }) => JSON.parse(body))).toEqual([
    {
      id: 'e-1',
      type: 'order.paid',
      version: 1,
      order_id: 'o-1',
      user_id: 'u-1',
      sequence: 3,
      at: '2026-01-02T03:04:05.678Z',
      amount: { amount_minor: 2_870, currency: 'EUR' },
      facts: { payment_id: 'p-1' },
    },
    expect.not.objectContaining({ amount: expect.anything() }),
    expect.not.objectContaining({ order_id: expect.anything() }),
  ]);
  for (const { headers, body } of got) {
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': `ShopFast-Webhooks/${VERSION}`,
      'shopfast-event-id': 'e-1',
      'shopfast-event-type': 'order.paid',
    });
    const signature = String(headers['shopfast-signature']);
    const at = new Date(Number(/^t=(\d+),/.exec(signature)?.[1]) * 1_000);
    expect(signature).toBe(signatureOf({ secret, body, at }));
    expect(Math.abs(Date.now() - at.getTime())).toBeLessThan(60_000);
  }
});

/** A mail sender whose users knows everybody but `u-unknown`; keeps the mails and the ids that were asked for. */
async function notifying(options: {
  readonly user?: { readonly active: boolean };
  readonly users?: () => Promise<never>;
  readonly sendMail?: () => Promise<never>;
}) {
  const mails: Mail[] = [];
  const asked: (readonly string[])[] = [];
  const person = { name: 'Zoë', role: Role.ROLE_CUSTOMER, active: options.user?.active ?? true };
  const times = { createdAt: undefined, updatedAt: undefined };
  const users = await serve(UsersServiceService, {
    async getUsers({ userIds }) {
      asked.push(userIds);
      await options.users?.();
      const known = userIds.filter((id) => id !== 'u-unknown');
      return { users: known.map((id) => ({ id, email: `${id}@customer.example`, ...person, ...times })) };
    },
  });
  const client = createClient(UsersServiceService, { target: users.address });
  closers.push(users.close, client.close);
  const sendMail = async (mail: Mail) => {
    await options.sendMail?.();
    mails.push(mail);
  };
  return { send: createMailSender({ users: client.calls, sendMail }), mails, asked };
}

test('a customer is written to at the address that users has, under the id of the event', async () => {
  const { send, mails } = await notifying({});
  expect(await send(message(), never)).toEqual({ ok: true });
  expect(mails).toMatchObject([{ id: 'e-1', to: 'u-1@customer.example', subject: 'Your order is confirmed' }]);
});

test('an event without a mail counts as delivered, and no address is asked for', async () => {
  const { send, mails } = await notifying({ users: () => Promise.reject(new Error('asked')) });
  expect(await send(message({ type: 'order.reserved' }), never)).toEqual({ ok: true });
  expect(mails).toEqual([]);
});

test('addresses of concurrent mails are asked for in one call, each once; an unknown customer holds up no other', async () => {
  const { send, mails, asked } = await notifying({});
  const customers = ['u-1', 'u-2', 'u-unknown', 'u-1', 'u-3'];
  const sent = await Promise.all(customers.map((userId, n) => send(message({ id: `e-${n}`, userId }), never)));
  expect(asked).toEqual([['u-1', 'u-2', 'u-unknown', 'u-3']]);
  const unknown = { ok: false, why: 'user_unknown', permanent: true };
  expect(sent).toEqual([{ ok: true }, { ok: true }, unknown, { ok: true }, { ok: true }]);
  expect(mails.map(({ id, to }) => `${id} ${to.split('@')[0]}`)).toEqual(['e-0 u-1', 'e-1 u-2', 'e-3 u-1', 'e-4 u-3']);
});

test('an aborted mail waits for no address, and the others that wait for the same answer go on', async () => {
  const [reached, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<never>()];
  const { send, mails } = await notifying({
    users: () => {
      reached.resolve();
      return answer.promise;
    },
  });
  const stop = new AbortController();
  const given = send(message(), stop.signal);
  const other = send(message({ id: 'e-2', userId: 'u-2' }), never);
  await reached.promise;
  stop.abort(new Error('given up'));
  await expect(given).rejects.toThrow('given up');
  answer.reject(new StatusError({ code: 'UNAVAILABLE', reason: 'unavailable', message: 'down' }));
  // And not that the time for the call was over, which both would have waited for.
  expect(await other).toEqual({ ok: false, why: 'users.GetUsers answered UNAVAILABLE', permanent: false });
  expect(mails).toEqual([]);
});

const away = () => Promise.reject(new StatusError({ code: 'UNAVAILABLE', reason: 'unavailable', message: 'down' }));

test.each([
  ['a deactivated customer', { user: { active: false } }, 'user_inactive', true],
  ['users that is away', { users: away }, 'users.GetUsers answered UNAVAILABLE', false],
  [
    'a mail that is not taken',
    { sendMail: () => Promise.reject(new MailRefused({ code: 'SMTP 550', permanent: true })) },
    'mail not taken: SMTP 550',
    true,
  ],
])('%s is a failure that says so', async (_, trouble, why, permanent) => {
  const { send, mails } = await notifying(trouble);
  expect(await send(message(), never)).toEqual({ ok: false, why, permanent });
  expect(mails).toEqual([]);
});
