/**
 * What a request is for: the path and query of its target, and the authority that it is sent to. A target may be a whole
 * URL, as proxies are asked; then the header Host does not count (RFC 9112, 3.2.2).
 */
import type { IncomingMessage } from 'node:http';
import { type Authority, parseAuthority } from '../../runtime/authority.ts';
import { ApiError } from '../../store/api-error.ts';

export interface Target {
  /** Undefined if only the header Host can tell. */
  readonly authority: string | undefined;
  readonly path: string;
  /** What follows the question mark. */
  readonly query: string;
}

const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/is;

const NOT_IN_TARGETS = /[\u0080-\uffff]/;

/** Takes the target of a request line apart. Nothing in it is decoded or checked. */
export function targetFrom(url: string): Target {
  const [, authority, rest = url] = url.startsWith('/') ? [] : (ABSOLUTE.exec(url) ?? []);
  const question = rest.indexOf('?');
  const path = question === -1 ? rest : rest.slice(0, question);
  return {
    authority,
    path: path === '' && authority !== undefined ? '/' : path,
    query: question === -1 ? '' : rest.slice(question + 1),
  };
}

/** The authority that a request is sent to; undefined if it has none, as HTTP/1.0 permits. Throws an ApiError. */
export function authorityOf(request: IncomingMessage, target: Target): Authority | undefined {
  if (request.httpVersionMajor !== 1) {
    throw new ApiError('unsupported_version', 'the version of HTTP must be 1.1 or 1.0');
  }
  // Up to Node 20.15, the parser lets them pass.
  if (NOT_IN_TARGETS.test(request.url ?? '')) {
    throw new ApiError('bad_request', 'the target of the request has bytes beyond ASCII');
  }
  const { host } = request.headers;
  if (host === undefined && request.httpVersionMinor > 0) {
    throw new ApiError('bad_request', 'the header Host is missing');
  }
  // Node keeps the first of several; what stands before this server may have gone by another.
  if (countOf(request, 'host') > 1) throw new ApiError('bad_request', 'there is more than one header Host');
  const text = target.authority ?? host;
  if (text === undefined) return undefined;
  const authority = parseAuthority(text);
  if (authority === undefined || (authority.host === '' && target.authority !== undefined)) {
    throw new ApiError('bad_request', 'the request is for a host that is none');
  }
  return authority;
}

/** How many lines of a request's head have a name, which is in lower case. */
export function countOf({ rawHeaders }: IncomingMessage, name: string): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const other = rawHeaders[i] ?? '';
    if (other.length === name.length && other.toLowerCase() === name) count++;
  }
  return count;
}
