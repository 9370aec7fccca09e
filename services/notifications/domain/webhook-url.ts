import { isIP } from 'node:net';
import { isPublicAddress } from '../../../platform/webhooks/public-address.ts';

// Characters; no receiver of webhooks needs more, and proxies on the way refuse more.
export const URL_MAX = 2_000;

/** The URL in its one spelling, or in a few words what it must be. Names are looked up by whoever delivers. */
export function webhookUrl(
  given: string,
  { privateAllowed }: { readonly privateAllowed: boolean },
): { readonly url: string } | { readonly wrong: string } {
  if (given.length > URL_MAX || !URL.canParse(given)) return { wrong: `must be a URL of at most ${URL_MAX} characters` };
  const url = new URL(given);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return { wrong: 'must be http or https' };
  if (url.username !== '' || url.password !== '') return { wrong: 'must have no credentials in it' };
  if (url.hash !== '') return { wrong: 'must have no fragment' };
  if (!privateAllowed && isPrivate(url.hostname)) return { wrong: 'must not point to a private address' };
  return { url: url.href };
}

/** Every spelling of an IPv4 address is the dotted one by now: the URL's parser sees to it. */
function isPrivate(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const family = isIP(host);
  if (family === 4 || family === 6) return !isPublicAddress(host, family);
  return /(^|\.)(localhost|local|internal)$/.test(host) || !host.includes('.');
}
