import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** Signs tokens like users does; `rotate` starts a new key that the gateway has not seen. */
export async function createIssuer() {
  let kid = randomUUID();
  let pair = await generateKeyPair('ES256', { extractable: true });
  const publicKeys = [{ ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256', use: 'sig' }];
  let fetches = 0;
  return {
    fetches: () => fetches,
    jwks() {
      fetches += 1;
      return JSON.stringify({ keys: publicKeys });
    },
    /** Another key signs from here on; `withdraw`: what the others signed is good no more. */
    async rotate({ withdraw = false } = {}) {
      if (withdraw) publicKeys.length = 0;
      kid = randomUUID();
      pair = await generateKeyPair('ES256', { extractable: true });
      publicKeys.push({ ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256', use: 'sig' });
    },
    sign: (userId: string, role: string, overrides: { issuer?: string; audience?: string; expires?: string | number } = {}) =>
      new SignJWT({ role })
        .setProtectedHeader({ alg: 'ES256', kid })
        .setSubject(userId)
        .setIssuer(overrides.issuer ?? 'shopfast')
        .setAudience(overrides.audience ?? 'shopfast-api')
        .setIssuedAt()
        .setExpirationTime(overrides.expires ?? '15m')
        .sign(pair.privateKey),
  };
}

export type Issuer = Awaited<ReturnType<typeof createIssuer>>;
