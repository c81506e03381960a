import { crc32 } from 'node:zlib';
import { CorruptFile } from './corruption.ts';

/**
 * How a log keeps what is appended to it:
 *
 *     0000001d cc98026f a1b4d355 {"totals":{"likes":{"n1":5}}}⏎
 *
 * the payload's length in bytes and its checksum, a checksum of these two, each as eight hexadecimal digits; the
 * payload; a line feed. The head has a checksum of its own because a length that is wrong and believed would make
 * what follows look like an append that was cut short.
 */
export function encodeFrame(payload: string): Buffer {
  const length = Buffer.byteLength(payload);
  const frame = Buffer.allocUnsafe(HEAD_BYTES + length + 1);
  frame.write(payload, HEAD_BYTES);
  frame[HEAD_BYTES + length] = LINE_FEED;
  const head = `${hex(length)} ${hex(crc32(frame.subarray(HEAD_BYTES, HEAD_BYTES + length)))} `;
  frame.write(`${head}${hex(crc32(Buffer.from(head)))} `, 'latin1');
  return frame;
}

/** What was read of a file: its whole frames, and where the next one would begin. */
export interface Frames {
  /** In the order of the file. */
  readonly frames: readonly { readonly start: number; readonly payload: string }[];
  /** The bytes of the whole frames. Where it is less than the file has, an append was cut short there. */
  readonly end: number;
}

/**
 * The frames of a file. Only one append is under way at any time and the next begins when it is on the disk, so a
 * crash leaves at most the last frame incomplete: cut short, or, where a disk had extended the file but not yet
 * written to it, with zeros to the end of the file. No payload contains a zero byte. Throws CorruptFile for anything
 * else.
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

/** Where the frame that starts at `start` ends, by its head. Past the end of the file if the head is not all there. */
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
