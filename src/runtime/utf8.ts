/**
 * Decodes bytes from outside into text. JSON that arrives as text already goes through `parseJson`, which skips a
 * byte-order mark as well.
 */
import { isUtf8 } from 'node:buffer';
import { DecodeError } from './decode.ts';
import { withoutMark } from './json.ts';

/** The text of bytes in UTF-8, without a byte-order mark. Throws a DecodeError for other bytes. */
export function utf8Text(bytes: Buffer): string {
  if (isUtf8(bytes)) return withoutMark(bytes.toString());
  const isUtf16 = ['fffe', 'feff'].includes(bytes.toString('hex', 0, 2));
  throw new DecodeError(isUtf16 ? 'begins with the byte-order mark of UTF-16, not UTF-8' : 'is not UTF-8');
}
