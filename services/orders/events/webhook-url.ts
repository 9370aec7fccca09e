import { BlockList, isIP } from 'node:net';

// Characters; no receiver of webhooks needs more, and proxies on the way refuse more.
export const URL_MAX = 2_000;

// What is not the public internet (IANA special-purpose registries): this host, private and shared networks, link-local with the
// metadata of clouds, documentation, benchmarks, multicast and the reserved rest.
const NOT_PUBLIC = new BlockList();
for (const [network, bits] of [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
  ] as const),
  ...([
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
  ] as const),
  ...([
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ] as const),
] as const) {
  NOT_PUBLIC.addSubnet(network, bits, 'ipv4');
}
// Of IPv6 only what is handed out as global unicast is public, without what carries an IPv4 address or is for documentation.
const GLOBAL = new BlockList();
GLOBAL.addSubnet('2000::', 3, 'ipv6');
for (const [network, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  NOT_PUBLIC.addSubnet(network, bits, 'ipv6');
}

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
  switch (isIP(host)) {
    case 4:
      return NOT_PUBLIC.check(host, 'ipv4');
    case 6:
      return !GLOBAL.check(host, 'ipv6') || NOT_PUBLIC.check(host, 'ipv6');
    default:
      return /(^|\.)(localhost|local|internal)$/.test(host) || !host.includes('.');
  }
}
