import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { errorField } from '../persistence/error-field.ts';
import { isPublicAddress } from './public-address.ts';

/** The address behind a URL is not one that webhooks may reach. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** All addresses of a name. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

export const resolveBySystem: Resolve = (host) =>
  new Promise((resolve, reject) => {
    lookup(host, { all: true, verbatim: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

/** A host that is an address already is never looked up: throws AddressRefused unless it is public. */
export function checkLiteral(host: string): void {
  const address = host.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  if (family !== 0 && !isPublicAddress(address, family === 4 ? 4 : 6)) throw new AddressRefused('not a public address');
}

/**
 * A lookup for a connection. The checked addresses are those that are dialled, so that a name cannot resolve to one address for the check
 * and to another for the connection. One address that is not public refuses the name.
 */
export function checkedLookup(resolve: Resolve): LookupFunction {
  const ask = askedOnce(resolve);
  return (host, options, done) => {
    ask(host).then(
      (addresses) => {
        const refused = addresses.some(({ address, family }) => !isPublicAddress(address, family === 4 ? 4 : 6));
        const [first] = addresses;
        if (refused || !first) done(new AddressRefused('not a public address'), '', 0);
        else if (options.all) done(null, [...addresses]);
        else done(null, first.address, first.family);
      },
      (error: unknown) => done(unresolved(error), '', 0),
    );
  };
}

/**
 * Shares a lookup between all that ask for the same name meanwhile. The system looks up four names at a time: a name whose server is
 * silent must take only one of the four.
 */
function askedOnce(resolve: Resolve): Resolve {
  const asked = new Map<string, ReturnType<Resolve>>();
  return (host) => {
    const answer = asked.get(host) ?? resolve(host).finally(() => asked.delete(host));
    asked.set(host, answer);
    return answer;
  };
}

function unresolved(cause: unknown): NodeJS.ErrnoException {
  return Object.assign(new Error('The name could not be looked up', { cause }), {
    code: errorField(cause, 'code') ?? 'ENOTFOUND',
  });
}
