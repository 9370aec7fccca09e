import { readFile } from 'node:fs/promises';
import { importJWK, SignJWT } from 'jose';
import { v7 as uuid } from 'uuid';
import * as z from 'zod';
import { ConfigError } from '../../../platform/config/load.ts';
import type { Role } from '../domain/user.ts';

const ACCESS_TOKEN_LIFE_S = 15 * 60;
const ISSUER = 'shopfast';
const AUDIENCE = 'shopfast-api';

// 32 bytes in base64url: a coordinate or the scalar of P-256.
const coordinate = z.string().regex(/^[\w-]{43}$/);
const publicKey = {
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: coordinate,
  y: coordinate,
  kid: z.string().min(1),
  alg: z.literal('ES256'),
  use: z.literal('sig'),
};
const keyFile = z.object({ keys: z.array(z.object({ ...publicKey, d: coordinate })).min(1) });
const publicHalves = z.array(z.object(publicKey));

export type Signer = Awaited<ReturnType<typeof createSigner>>;

/** Signs access tokens with the first key of the file. Throws ConfigError, which quotes nothing of the file, when it is unusable. */
export async function createSigner(path: string) {
  const keys = await readKeys(path);
  const [first] = keys;
  if (!first) throw unusable(path, 'it holds no key');
  const privateKey = await importJWK(first, 'ES256').catch(() => {
    throw unusable(path, 'its first key is not a key pair of P-256');
  });
  return {
    accessTokenLifeS: ACCESS_TOKEN_LIFE_S,
    accessToken: (user: { readonly id: string; readonly role: Role }): Promise<string> =>
      new SignJWT({ role: user.role })
        .setProtectedHeader({ alg: 'ES256', kid: first.kid, typ: 'JWT' })
        .setSubject(user.id)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt()
        .setExpirationTime(`${ACCESS_TOKEN_LIFE_S} s`)
        .setJti(uuid())
        .sign(privateKey),
    /** RFC 7517, public halves only: the schema lets nothing else through. */
    jwksJson: JSON.stringify({ keys: publicHalves.parse(keys) }),
  };
}

async function readKeys(path: string) {
  const content = await readFile(path, 'utf8').catch(() => {
    throw unusable(path, 'it cannot be read');
  });
  const parsed = keyFile.safeParse(parseJson(content, path));
  if (!parsed.success) throw unusable(path, 'it is not a private JSON Web Key Set of ES256 keys');
  return parsed.data.keys;
}

/** JSON.parse quotes the text around a mistake, and this text is a secret: its message goes no further. */
function parseJson(content: string, path: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw unusable(path, 'it is not JSON');
  }
}

function unusable(path: string, why: string): ConfigError {
  return new ConfigError(`JWT_KEYS_FILE: ${path}: ${why}`);
}
