import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { HttpProblem } from '../../gateway/http/problem.ts';
import { createTokenVerifier } from '../../gateway/identity/tokens.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import { eventually } from '../../testkit/eventually.ts';
import { createIssuer } from '../../testkit/fakes/issuer.ts';

const USER = randomUUID();

async function start() {
  const issuer = await createIssuer();
  const clock = { nowMs: 1_000_000, down: false };
  const verify = createTokenVerifier({
    async fetchJwks() {
      if (clock.down) throw new StatusError({ code: 'UNAVAILABLE', reason: 'unavailable', message: 'down' });
      return issuer.jwks();
    },
    now: () => clock.nowMs,
  });
  return { issuer, clock, verify };
}

test('keys are fetched once for many tokens, also for those that come at once', async () => {
  const { issuer, verify } = await start();
  const token = await issuer.sign(USER, 'operator');
  const callers = await Promise.all([verify(token), verify(token), verify(token)]);
  expect(callers).toEqual([1, 2, 3].map(() => ({ userId: USER, role: 'operator' })));
  expect(issuer.fetches()).toBe(1);
});

test('an unknown key id is looked for again, but not by every made-up token', async () => {
  const { issuer, clock, verify } = await start();
  await verify(await issuer.sign(USER, 'customer'));
  clock.nowMs += 11_000;
  await issuer.rotate();
  expect(await verify(await issuer.sign(USER, 'customer'))).toMatchObject({ userId: USER });
  expect(issuer.fetches()).toBe(2);
  const stranger = await (await createIssuer()).sign(USER, 'admin');
  for (let time = 0; time < 5; time += 1) await expect(verify(stranger)).rejects.toMatchObject({ reason: 'unauthenticated' });
  expect(issuer.fetches()).toBe(2);
  clock.nowMs += 11_000;
  await expect(verify(stranger)).rejects.toMatchObject({ reason: 'unauthenticated' });
  expect(issuer.fetches()).toBe(3);
});

test('known keys go on while users is down, and are fetched again when they have aged', async () => {
  const { issuer, clock, verify } = await start();
  const token = await issuer.sign(USER, 'customer');
  await verify(token);
  clock.down = true;
  clock.nowMs += 400_000;
  expect(await verify(token)).toMatchObject({ userId: USER });
  clock.down = false;
  clock.nowMs += 400_000;
  await verify(token);
  expect(issuer.fetches()).toBe(2);
});

test('without any keys the answer is that users is down, not that the token is wrong', async () => {
  const { issuer, clock, verify } = await start();
  clock.down = true;
  await expect(verify(await issuer.sign(USER, 'customer'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a token that was verified before is refused when it has expired', async () => {
  const { issuer, clock, verify } = await start();
  const token = await issuer.sign(USER, 'customer', { expires: 2_000 });
  // So late that its keys have not aged when it expires.
  clock.nowMs = 1_999_000;
  expect(await verify(token)).toMatchObject({ userId: USER });
  clock.nowMs = 2_006_000;
  await expect(verify(token)).rejects.toMatchObject({ reason: 'unauthenticated' });
});

test('a token that was verified before is refused when its key has been withdrawn', async () => {
  const { issuer, clock, verify } = await start();
  const token = await issuer.sign(USER, 'customer');
  await verify(token);
  await issuer.rotate({ withdraw: true });
  clock.nowMs += 400_000;
  // The keys have aged, and are fetched beside this one.
  await verify(token);
  const said = () => verify(token).then(() => 'good', reasonOf);
  await eventually(said, (reason) => reason === 'unauthenticated');
});

function reasonOf(error: unknown): unknown {
  return error instanceof HttpProblem ? error.reason : error;
}
