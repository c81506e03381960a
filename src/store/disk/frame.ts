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
import { PieceReader } from './piece-reader.ts';

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

export interface Frame {
  /** Where it begins in the file. */
  readonly start: number;
  readonly bytes: Buffer;
  readonly payload: string;
}

/** What there is of a file. */
export interface Scanned {
  /** The length of the complete frames in bytes. If the file is longer, an append was cut short there. */
  readonly end: number;
  /** The length of the file. */
  readonly bytes: number;
}

/**
 * Passes the frames of a file to `take`, in their order; no more than one of them is in memory. Only one append is under
 * way at any time and the next begins when it is on the disk, so a crash leaves at most the last frame incomplete: cut
 * short, or followed by zeros to the end of the file if the disk had extended the file but not yet written to it. Rejects
 * with a CorruptFile for anything else.
 */
export async function scanFrames(
  pieces: AsyncIterable<Buffer>,
  file: string,
  take: (frame: Frame) => Promise<void> | void,
): Promise<Scanned> {
  const input = new PieceReader(pieces);
  for (;;) {
    const start = input.position;
    // A log may have many millions of frames, and to await each would take most of the time.
    const head = input.peekHeld(HEAD_BYTES) ?? (await input.peek(HEAD_BYTES));
    const length = head && lengthFrom(head);
    if (length === undefined) {
      // The last byte of a head is none of the zeros that follow an interrupted append.
      if (await input.isZeroFrom(HEAD_BYTES - 1)) return { end: start, bytes: input.end };
      throw new CorruptFile(file, start, 'no record begins there');
    }
    const size = HEAD_BYTES + length + 1;
    const bytes = input.peekHeld(size) ?? (await input.peek(size));
    if (bytes === undefined) return { end: start, bytes: input.end };
    const body = bytes.subarray(HEAD_BYTES, size - 1);
    if (bytes[size - 1] !== LINE_FEED || hex(crc32(body)) !== bytes.toString('latin1', 9, 17)) {
      if (await input.isZeroFrom(size - 1)) return { end: start, bytes: input.end };
      throw new CorruptFile(file, start, 'what is stored there does not match its checksum');
    }
    input.skip(size);
    const taking = take({ start, bytes, payload: body.toString() });
    if (taking !== undefined) await taking;
  }
}

/** The length of the payload according to a head; undefined if it is not one. */
function lengthFrom(bytes: Buffer): number | undefined {
  const head = bytes.toString('latin1', 0, HEAD_BYTES);
  const isHead = HEAD.test(head) && hex(crc32(bytes.subarray(0, 18))) === head.slice(18, 26);
  return isHead ? Number.parseInt(head, 16) : undefined;
}

const hex = (number: number): string => number.toString(16).padStart(8, '0');

const HEAD = /^[0-9a-f]{8} [0-9a-f]{8} [0-9a-f]{8} $/;
const HEAD_BYTES = 27;
const LINE_FEED = 0x0a;
