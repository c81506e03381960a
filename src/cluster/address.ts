import { type BlockList, isIP } from 'node:net';

/** Where a server is: `host:port`, an IPv6 address in brackets. */
export type Address = string;

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

const MAX_HOST_CHARS = 253;
const HOST_NAME = /^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?$/;

/** The parts of an address; undefined for what is none. Nothing but a host and a port can be in one. */
export function parseAddress(text: string): HostAndPort | undefined {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port < 1 || port > 65_535) return undefined;
  if (bracketed !== undefined)
    return isIP(bracketed) === 6 ? { host: shortened(bracketed), port } : undefined;
  const host = plain?.toLowerCase() ?? '';
  if (host.length > MAX_HOST_CHARS || !HOST_NAME.test(host)) return undefined;
  // A name that ends in a number is meant as an IPv4 address, and resolvers take some odd ones (WHATWG URL, 3.5).
  return /(?:^|\.)(?:\d+|0x[\da-f]*)$/.test(host) && isIP(host) !== 4 ? undefined : { host, port };
}

/** An IPv6 address as RFC 5952 writes it; those with a zone or an IPv4 address in them as they are. */
const shortened = (ip: string): string =>
  /[%.]/.test(ip) ? ip : new URL(`http://[${ip}]`).hostname.slice(1, -1);

export function formatAddress({ host, port }: HostAndPort): Address {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1] ?? host;
  return mapped.includes(':') ? `[${mapped}]:${port}` : `${mapped}:${port}`;
}

/** An address as all who write it differently mean it; undefined for what is none. */
export function normalAddress(text: string): Address | undefined {
  const parsed = parseAddress(text.trim());
  return parsed === undefined ? undefined : formatAddress(parsed);
}

/** Whether an IP address is in the ranges; undefined ranges have all. */
export function isAllowed(ranges: BlockList | undefined, ip: string): boolean {
  return ranges === undefined || ranges.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');
}

export const isLoopback = (ip: string): boolean =>
  /^(?:::ffff:)?127\./i.test(ip) || ip === '::1' || ip === 'localhost';
