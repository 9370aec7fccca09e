import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export type Issuer = Awaited<ReturnType<typeof createIssuer>>;

/** Signs tokens with the keys that users has. `rotate` starts a new key, which the gateway has not seen. */
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
    /** The signing key as JWT_KEYS_FILE of users has it. */
    async keysFile() {
      return JSON.stringify({ keys: [{ ...(await exportJWK(pair.privateKey)), kid, alg: 'ES256', use: 'sig' }] });
    },
    /** A new key signs from now on; `withdraw`: tokens of the others are no longer valid. */
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
