import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import * as z from 'zod';
import { entityId } from '../../platform/rpc/fields.ts';
import { unauthenticated } from '../http/problem.ts';
import { type Caller, ROLES } from './caller.ts';

const ISSUER = 'shopfast';
const AUDIENCE = 'shopfast-api';
// Pinned, so that a token cannot choose how it is checked.
const ALGORITHMS = ['ES256'];
// Seconds that the clocks of two machines may differ.
const CLOCK_TOLERANCE_S = 5;
// Milliseconds between two fetches for unknown key ids: made-up ids must not become calls to users.
const REFETCH_INTERVAL_MS = 10_000;
// Milliseconds after which keys are fetched again in the background, so that a withdrawn key stops being accepted. While users
// is down the last keys stay valid: users signs nothing meanwhile, and tokens that it signed before expire within 15 minutes.
const KEYS_LIFE_MS = 300_000;
// Verified tokens whose signature is not checked again; a kilobyte each.
const VERIFIED_MAX = 5_000;

const claimsSchema = z.object({ sub: entityId, role: z.enum(ROLES), exp: z.number() });
const jwksSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** The expiry in milliseconds since 1970. */
type Verified = { readonly caller: Caller; readonly expiresAtMs: number };

/**
 * Verifies access tokens with the public keys of users. Throws 401, or the fetch's error when there are no keys yet. A token that
 * has been verified is good until it expires or the keys are fetched again.
 */
export function createTokenVerifier(options: { fetchJwks(): Promise<string>; now?: () => number }) {
  const now = options.now ?? Date.now;
  let keys: KeySet | undefined;
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let fetching: Promise<KeySet> | undefined;
  // `ttlResolution: 0`: the clock is read for each token.
  const verified = new LRUCache<string, Caller>({ max: VERIFIED_MAX, ttl: 1, ttlResolution: 0, perf: { now } });

  function fetchKeys(): Promise<KeySet> {
    // Also when it fails: users that is down is not asked by every request.
    fetchedAtMs = now();
    fetching ??= options
      .fetchJwks()
      .then((json) => {
        keys = keySet(json);
        // Forgets tokens that a withdrawn key has signed.
        verified.clear();
        return keys;
      })
      .finally(() => {
        fetching = undefined;
      });
    return fetching;
  }

  function currentKeys(): Promise<KeySet> | KeySet {
    if (!keys) return fetchKeys();
    if (now() - fetchedAtMs > KEYS_LIFE_MS) fetchKeys().catch(() => undefined);
    return keys;
  }

  async function check(token: string, by: KeySet): Promise<Caller> {
    const { caller, expiresAtMs } = await verifyBy(by, token, new Date(now()));
    // A token in its clock tolerance has expired: it is checked each time. So is one whose keys were replaced meanwhile.
    const ttl = Math.floor(expiresAtMs - now());
    if (by === keys && ttl > 0) verified.set(token, caller, { ttl });
    return caller;
  }

  return async function verify(token: string): Promise<Caller> {
    try {
      const current = await currentKeys();
      return verified.get(token) ?? (await check(token, current));
    } catch (error: unknown) {
      if (!(error instanceof errors.JOSEError)) throw error;
      const unknownKey = error instanceof errors.JWKSNoMatchingKey;
      if (!unknownKey || now() - fetchedAtMs < REFETCH_INTERVAL_MS) throw refused(error);
      return await check(token, await fetchKeys()).catch((again: unknown) => {
        throw again instanceof errors.JOSEError ? refused(again) : again;
      });
    }
  };
}

async function verifyBy(keys: KeySet, token: string, currentDate: Date): Promise<Verified> {
  const { payload } = await jwtVerify(token, keys, {
    currentDate,
    algorithms: ALGORITHMS,
    issuer: ISSUER,
    audience: AUDIENCE,
    clockTolerance: CLOCK_TOLERANCE_S,
    requiredClaims: ['exp', 'sub'],
  });
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success) throw unauthenticated('The access token does not name a user and a role.');
  const { sub: userId, role, exp } = claims.data;
  return { caller: { userId, role }, expiresAtMs: exp * 1_000 };
}

function keySet(json: string): KeySet {
  const parsed: JSONWebKeySet = jwksSchema.parse(JSON.parse(json));
  return createLocalJWKSet(parsed);
}

function refused(error: errors.JOSEError) {
  return unauthenticated(error instanceof errors.JWTExpired ? 'The access token has expired.' : 'The access token is not valid.');
}
