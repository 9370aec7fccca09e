/** What receivers of events get: a webhook over HTTP, a customer by mail. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { createNotificationSender } from '../../activities/events/notification.ts';
import type { Letter } from '../../activities/events/send.ts';
import { createWebhookSender } from '../../activities/events/webhook.ts';
import { createGrpcClient } from '../../platform/grpc/client.ts';
import { StatusError } from '../../platform/grpc/status-error.ts';
import { type Mail, MailRefused } from '../../platform/mail/mail.ts';
import { VERSION } from '../../platform/version.ts';
import { createPost } from '../../platform/webhooks/post.ts';
import { signatureOf } from '../../platform/webhooks/signature.ts';
import type { Event } from '../../proto/gen/shopfast/events/v1/events.ts';
import { Role, UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { serve } from './support/fake-services.ts';

const never = new AbortController().signal;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const event = (given: Partial<Event> = {}): Event => ({
  id: 'e-1',
  type: 'order.paid',
  orderId: 'o-1',
  userId: 'u-1',
  at: new Date('2026-01-02T03:04:05.678Z'),
  amount: { amountMinor: 2_870, currency: 'EUR' },
  facts: { payment_id: 'p-1' },
  sequence: 3,
  ...given,
});
const letter = (given: Partial<Event> = {}): Letter => ({ event: event(given), url: '', secret: '' });

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

  expect(got.map(({ body }) => JSON.parse(body))).toEqual([
    {
      id: 'e-1',
      type: 'order.paid',
      order_id: 'o-1',
      user_id: 'u-1',
      sequence: 3,
      at: '2026-01-02T03:04:05.678Z',
      amount: { amount_minor: 2_870, currency: 'EUR' },
      facts: { payment_id: 'p-1' },
    },
    expect.not.objectContaining({ amount: expect.anything() }),
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

/** A sender that writes to a customer as users knows them; keeps what it wrote. */
async function notifying(options: {
  readonly user?: { readonly active: boolean };
  readonly users?: () => Promise<never>;
  readonly sendMail?: () => Promise<never>;
}) {
  const mails: Mail[] = [];
  const times = { createdAt: undefined, updatedAt: undefined };
  const users = await serve(UsersServiceService, {
    getUser: async ({ userId }) =>
      (await options.users?.()) ?? {
        user: {
          id: userId,
          email: `${userId}@customer.example`,
          name: 'Zoë',
          role: Role.ROLE_CUSTOMER,
          active: options.user?.active ?? true,
          ...times,
        },
      },
  });
  const client = createGrpcClient(UsersServiceService, users.address);
  closers.push(users.close, client.close);
  const sendMail = async (mail: Mail) => {
    await options.sendMail?.();
    mails.push(mail);
  };
  return { send: createNotificationSender({ users: client.calls, sendMail }), mails };
}

test('a customer is written to at the address that users has, under the id of the event', async () => {
  const { send, mails } = await notifying({});
  expect(await send(letter(), never)).toEqual({ ok: true });
  expect(mails).toMatchObject([{ id: 'e-1', to: 'u-1@customer.example', subject: 'Your order is confirmed' }]);
});

test('what says nothing to a customer is done with, without asking who they are', async () => {
  const { send, mails } = await notifying({ users: () => Promise.reject(new Error('asked')) });
  expect(await send(letter({ type: 'order.reserved' }), never)).toEqual({ ok: true });
  expect(mails).toEqual([]);
});

const away = () => Promise.reject(new StatusError({ code: 'UNAVAILABLE', reason: 'unavailable', message: 'down' }));
const unknown = () => Promise.reject(new StatusError({ code: 'NOT_FOUND', reason: 'user_unknown', message: 'no' }));

test.each([
  ['a deactivated customer', { user: { active: false } }, 'user_inactive', true],
  ['an unknown customer', { users: unknown }, 'user_unknown', true],
  ['users that is away', { users: away }, 'users.GetUser answered UNAVAILABLE', false],
  [
    'a mail that is not taken',
    { sendMail: () => Promise.reject(new MailRefused({ code: 'SMTP 550', permanent: true })) },
    'mail not taken: SMTP 550',
    true,
  ],
])('%s is a failure that says so', async (_, trouble, why, permanent) => {
  const { send, mails } = await notifying(trouble);
  expect(await send(letter(), never)).toEqual({ ok: false, why, permanent });
  expect(mails).toEqual([]);
});
