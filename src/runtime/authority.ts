/**
 * The authority of a URL: a host and perhaps a port, as in the header Host and in origins. Compared, it is normalized:
 * lower case, IPv6 addresses in their short form, no dot at the end of a name. No name is looked up.
 */
import { isIP } from 'node:net';

export interface Authority {
  /** A name or an IP address, without brackets. Empty if the authority names none. */
  readonly host: string;
  /** Undefined for the default port of the scheme. */
  readonly port: number | undefined;
}

/** RFC 3986, 3.2: an address in brackets, or a name of unreserved characters, sub-delimiters and percent signs. */
const AUTHORITY = /^(?:\[([^\]]+)\]|([\w.~!$&'()*+,;=%-]*))(?::(\d{0,5}))?$/;
const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['https', 443],
]);

/** Parses an authority without user information; undefined if it is anything else. */
export function parseAuthority(text: string): Authority | undefined {
  const match = AUTHORITY.exec(text);
  if (match === null) return undefined;
  const [, bracketed, name = '', digits = ''] = match;
  const port = digits === '' ? undefined : Number(digits);
  if (port !== undefined && port > 65_535) return undefined;
  if (bracketed === undefined) return { host: name.toLowerCase().replace(/\.$/, ''), port };
  return isIP(bracketed) === 6 ? { host: shortened(bracketed), port } : undefined;
}

/** With a zone, no URL holds it. */
const shortened = (ip: string): string =>
  ip.includes('%') ? ip.toLowerCase() : new URL(`http://[${ip}]`).hostname.slice(1, -1);

/**
 * Whether a host can only be meant by those who reach it as this machine or by its address. Any other name may belong to
 * somebody who lets it lead here, so that a browser takes his pages and this server for one origin (DNS rebinding).
 */
export const isLocalOrAddress = (host: string): boolean => isIP(host) !== 0 || LOCALHOST.test(host);

const LOCALHOST = /^(?:[\w-]+\.)*localhost$/;

/**
 * Whether an origin is that of a server that is asked under an authority. The scheme is that of the origin: whether a
 * proxy has ended TLS is not known here.
 */
export function isOriginOf(origin: string, { host, port }: Authority): boolean {
  const [, scheme = '', text = ''] = /^(https?):\/\/(.+)$/i.exec(origin) ?? [];
  const other = parseAuthority(text);
  const defaultPort = DEFAULT_PORTS.get(scheme.toLowerCase());
  return other?.host === host && host !== '' && (other.port ?? defaultPort) === (port ?? defaultPort);
}
