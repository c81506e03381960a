/**
 * Access: who may use which routes. Writing needs a token, if one is set; without one, only this machine may change the
 * cluster. On a loopback host the server goes by no name that might be somebody else's. Pages of other origins may use
 * the server only if an operator has allowed their origin.
 */
import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../../cluster/address.ts';
import { type Authority, isLocalOrAddress, isOriginOf } from '../../runtime/authority.ts';
import { ApiError } from '../../store/api-error.ts';
import type { Increment } from '../../store/store.ts';
import type { Grant, Tokens } from './tokens.ts';

export interface Access {
  /** Of which writers must present one; undefined if anybody may write. */
  readonly tokens: Tokens | undefined;
  /** Whether anybody may register and remove peers if there is no token. */
  readonly isInsecure: boolean;
  /** The origins whose pages may use the server from a browser, or `*` for all. */
  readonly allowedOrigins: readonly string[];
  /**
   * The names, in lower case, that the server may be asked by, besides those of this machine and IP addresses. If there
   * are none, a server that other machines reach may be asked by any: it cannot know what they call it.
   */
  readonly allowedHosts: readonly string[];
  /** What it was told to listen on, in lower case: a name is one of its own. */
  readonly host: string;
}

/**
 * Throws an ApiError if a request is for a name that is not known to be this server's. Such a name may be that of a page
 * which lets it lead here, and then the browser takes the page for one of this server's own. `isReachable` says whether
 * other machines reach the server.
 */
export function checkHost(
  { allowedHosts, host: own }: Access,
  authority: Authority | undefined,
  isReachable: boolean,
): void {
  if (authority === undefined || (isReachable && allowedHosts.length === 0)) return;
  const { host } = authority;
  if (isLocalOrAddress(host) || allowedHosts.includes(host) || host === own) return;
  throw new ApiError('unknown_host', `this server is not known as '${host}'; see --allow-host`);
}

/** What the token of a request permits. Throws an ApiError if it presents none that is known. */
export function grantOf({ tokens }: Access, { headers }: IncomingMessage): Grant {
  if (tokens === undefined) return 'everything';
  const [, presented = ''] = /^bearer +(.*)$/i.exec(headers.authorization ?? '') ?? [];
  const grant = tokens.grantOf(presented);
  if (grant !== undefined) return grant;
  throw new ApiError('unauthorized', 'this needs the header Authorization: Bearer TOKEN');
}

/** Throws an ApiError if a token does not permit every one of some increments. */
export function checkIncrements(grant: Grant, increments: readonly Increment[]): void {
  if (grant === 'everything') return;
  for (const { key } of increments) {
    if (!grant.some((prefix) => key.startsWith(prefix))) {
      throw new ApiError('forbidden', `this token does not permit to increment ${JSON.stringify(key)}`);
    }
  }
}

/**
 * Throws an ApiError if there is no token and a request that would need it does not come from this machine, or may come
 * from a page that a browser on this machine shows.
 */
export function checkLocal(
  access: Access,
  { socket }: IncomingMessage,
  authority: Authority | undefined,
): void {
  if (access.tokens !== undefined || access.isInsecure) return;
  if (isLoopback(socket.remoteAddress ?? '')) return checkHost(access, authority, false);
  throw new ApiError(
    'not_local',
    'without a token this is only taken from the same machine; see --token-file',
  );
}

/** Whether pages of an origin may read the server's responses. */
const isAllowed = ({ allowedOrigins }: Access, origin: string): boolean =>
  allowedOrigins.includes('*') || allowedOrigins.includes(origin.toLowerCase());

/**
 * Throws an ApiError if a request comes from a page of an origin that is not allowed. A browser sends a simple POST for
 * any page and withholds only the response, and by then the counter has been incremented. Where the browser itself says
 * which site a request is from, no proxy on the way can have made that wrong; no page can either.
 */
export function checkOrigin(
  access: Access,
  { headers }: IncomingMessage,
  authority: Authority | undefined,
): void {
  const { origin = 'null', 'sec-fetch-site': site } = headers;
  if (site === 'same-origin') return;
  if (site !== 'same-site' && site !== 'cross-site') {
    if (headers.origin === undefined) return;
    if (authority !== undefined && isOriginOf(origin, authority)) return;
  }
  if (!isAllowed(access, origin)) {
    throw new ApiError('foreign_origin', `pages of ${origin} may not use this server; see --allow-origin`);
  }
}

/** The headers that let a page of an allowed origin read the response. */
export function corsHeaders(access: Access, { headers }: IncomingMessage): Record<string, string> {
  const { origin } = headers;
  if (origin === undefined || !isAllowed(access, origin)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'idempotency-scope, retry-after',
    vary: 'origin',
  };
}

/** The headers of the response to a browser's preflight request. */
export const preflightHeaders = (method: string): Record<string, string> => ({
  'access-control-allow-methods': method,
  'access-control-allow-headers': 'authorization, content-type, idempotency-key, last-event-id',
  'access-control-max-age': '600',
});
