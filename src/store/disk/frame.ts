/**
 * Frames: how the write-ahead log keeps records apart and detects corruption.
 *
 *     0000001d cc98026f a1b4d355 {"totals":{"likes":{"n1":5}}}⏎
 *
 * The payload's length in bytes, its checksum, and a checksum of these two, as eight hexadecimal digits each; the payload;
 * a line feed. The head has its own checksum because a wrong length, if believed, would look like an append cut short.
 */
import { crc32 } from 'node:zlib';
import { CorruptFile } from './corruption.ts';

/** A payload, which must not contain zero bytes, as a frame. */
export function encodeFrame(payload: string): Buffer {
  const length = Buffer.byteLength(payload);
  const frame = Buffer.allocUnsafe(HEAD_BYTES + length + 1);
  frame.write(payload, HEAD_BYTES);
  frame[HEAD_BYTES + length] = LINE_FEED;
  const head = `${hex(length)} ${hex(crc32(frame.subarray(HEAD_BYTES, HEAD_BYTES + length)))} `;
  frame.write(`${head}${hex(crc32(Buffer.from(head)))} `, 'latin1');
  return frame;
}

/** What was read from a file: its complete frames, and where the next one would begin. */
export interface Frames {
  /** In the order of the file. */
  readonly frames: readonly { readonly start: number; readonly payload: string }[];
  /** The length of the complete frames in bytes. If the file is longer, an append was cut short there. */
  readonly end: number;
}

/**
 * The frames of a file. Only one append is under way at any time and the next begins when it is on the disk, so a crash
 * leaves at most the last frame incomplete: cut short, or followed by zeros to the end of the file if the disk had
 * extended the file but not yet written to it. Throws a CorruptFile for anything else.
 */
export function decodeFrames(bytes: Buffer, file: string): Frames {
  const written = bytes.subarray(0, lengthWithoutZeros(bytes));
  const frames: { start: number; payload: string }[] = [];
  let start = 0;
  while (start < written.length) {
    const end = endOfFrame(written, start, file);
    if (end > written.length) break;
    const body = written.subarray(start + HEAD_BYTES, end - 1);
    const checksum = written.toString('latin1', start + 9, start + 17);
    if (hex(crc32(body)) !== checksum || written[end - 1] !== LINE_FEED) {
      throw new CorruptFile(file, start, 'what is stored there does not match its checksum');
    }
    frames.push({ start, payload: body.toString() });
    start = end;
  }
  return { frames, end: start };
}

/** Where the frame at `start` ends according to its head; Infinity if the head is incomplete. */
function endOfFrame(bytes: Buffer, start: number, file: string): number {
  const body = start + HEAD_BYTES;
  if (body > bytes.length) return Infinity;
  const head = bytes.toString('latin1', start, body);
  if (!HEAD.test(head) || hex(crc32(bytes.subarray(start, start + 18))) !== head.slice(18, 26)) {
    throw new CorruptFile(file, start, 'no record begins there');
  }
  return body + Number.parseInt(head, 16) + 1;
}

function lengthWithoutZeros(bytes: Buffer): number {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length--;
  return length;
}

const hex = (number: number): string => number.toString(16).padStart(8, '0');

const HEAD = /^[0-9a-f]{8} [0-9a-f]{8} [0-9a-f]{8} $/;
const HEAD_BYTES = 27;
const LINE_FEED = 0x0a;
