import { randomBytes } from 'node:crypto';
import { compare, hash } from 'bcrypt';

// 2^12 rounds, 0.3 s on a server core: what a login can bear and a stolen table cannot.
const BCRYPT_COST = 12;

// bcrypt reads no further: a longer password would be equal to all that begin like it.
export const PASSWORD_MAX_BYTES = 72;

export type Passwords = Awaited<ReturnType<typeof createPasswords>>;

export async function createPasswords() {
  // The hash of nobody's password, made at this cost, so that an unknown account takes as long as a known one.
  const nobody = await hash(randomBytes(32).toString('base64url'), BCRYPT_COST);
  return {
    hash: (password: string): Promise<string> => hash(password, BCRYPT_COST),
    /** The same work whether or not there is a hash to compare with; without one the answer is always no. */
    async matches(password: string, storedHash: string | undefined): Promise<boolean> {
      const equal = await compare(password, storedHash ?? nobody);
      return equal && storedHash !== undefined;
    },
  };
}
