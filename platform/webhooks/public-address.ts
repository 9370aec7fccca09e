import { BlockList } from 'node:net';

// IPv4 ranges that IANA's special-purpose registry does not call globally reachable, and 6to4's relays, multicast and class E.
const NOT_PUBLIC_IPV4 = subnets('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]);

// Only addresses that are allocated as global unicast are public. Loopback, unique and link-local, multicast, IPv4-mapped and NAT64
// addresses are not, whatever address they embed.
const GLOBAL_IPV6 = subnets('ipv6', [['2000::', 3]]);
// Teredo and other protocols, documentation, and 6to4, which embeds an IPv4 address.
const NOT_PUBLIC_IPV6 = subnets('ipv6', [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]);

/** Whether an address belongs to the public internet. */
export function isPublicAddress(address: string, family: 4 | 6): boolean {
  if (family === 4) return !NOT_PUBLIC_IPV4.check(address, 'ipv4');
  return GLOBAL_IPV6.check(address, 'ipv6') && !NOT_PUBLIC_IPV6.check(address, 'ipv6');
}

function subnets(family: 'ipv4' | 'ipv6', ranges: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family);
  return list;
}
