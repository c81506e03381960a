/**
 * Addresses of servers: parsing, formatting and comparing `host:port`. Every address that reaches the member table has
 * been normalized here, so two spellings of one address are one member. No name is looked up.
 */
import { type BlockList, isIP } from 'node:net';

/** Where a server is: `host:port`, an IPv6 address in brackets. */
export type Address = string;

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

const MAX_HOST_CHARS = 253;
const HOST_NAME = /^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?$/;

/** Splits an address into host and port; undefined if it is anything else, such as a URL with a path. */
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

/** An IPv6 address as RFC 5952 writes it; with a zone or an embedded IPv4 address it stays as it is. */
const shortened = (ip: string): string =>
  /[%.]/.test(ip) ? ip : new URL(`http://[${ip}]`).hostname.slice(1, -1);

export function formatAddress({ host, port }: HostAndPort): Address {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1] ?? host;
  return mapped.includes(':') ? `[${mapped}]:${port}` : `${mapped}:${port}`;
}

/** The one spelling of an address that may be written in several ways; undefined if it is not an address. */
export function normalAddress(text: string): Address | undefined {
  const parsed = parseAddress(text.trim());
  return parsed === undefined ? undefined : formatAddress(parsed);
}

/** Whether an IP address is in the ranges; undefined allows every address. */
export function isAllowed(ranges: BlockList | undefined, ip: string): boolean {
  return ranges === undefined || ranges.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');
}

export const isLoopback = (ip: string): boolean =>
  /^(?:::ffff:)?127\./i.test(ip) || ip === '::1' || ip === 'localhost';
