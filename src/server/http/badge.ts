/**
 * The route of badges. A badge is there to be shown anywhere, so a page of any origin may show one, though it cannot read
 * more of it than its size.
 */
import { createHash } from 'node:crypto';
import { badgeSvg } from './badge-svg.ts';
import type { Exchange, StoreContext } from './context.ts';
import type { Reply } from './reply.ts';
import { keyFromPath, labelFrom } from './validation.ts';

/** GET /badge/KEY.svg?label= */
export async function badge({ store }: StoreContext, { request, segment, query }: Exchange): Promise<Reply> {
  const key = keyFromPath(segment);
  const label = labelFrom(new URLSearchParams(query)) ?? key;
  const body = badgeSvg(label, (await store.read(key)).value);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, ETAG_CHARS)}"`;
  const headers = { ...BADGE_HEADERS, etag };
  const reply = { type: 'image/svg+xml; charset=utf-8', headers };
  if (hasCopy(request.headers['if-none-match'], etag)) return { ...reply, status: 304, body: '' };
  return { ...reply, status: 200, body };
}

/** 132 bits. */
const ETAG_CHARS = 22;

const BADGE_HEADERS = {
  // Kept, and asked for again each time, which is what the image proxies of code hosts do as they are told here.
  'cache-control': 'no-cache',
  // Also on pages that take nothing from other origins unless it says so.
  'cross-origin-resource-policy': 'cross-origin',
  // Should a mistake let anything into the picture, it does nothing there.
  'content-security-policy': "default-src 'none'",
};

/** Whether a client has what it asks for already (RFC 9110, 13.1.2). */
const hasCopy = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch !== undefined &&
  (ifNoneMatch.trim() === '*' ||
    ifNoneMatch.split(',').some((each) => each.trim().replace(/^W\//, '') === etag));
