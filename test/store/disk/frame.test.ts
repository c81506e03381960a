import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { CorruptFile } from '../../../src/store/disk/corruption.ts';
import { encodeFrame, scanFrames } from '../../../src/store/disk/frame.ts';

/** Any text but with zero bytes, as JSON is. */
const payload = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
const payloads = fc.array(payload, { maxLength: 5 });

const encode = (texts: readonly string[]): Buffer => Buffer.concat(texts.map(encodeFrame));

interface Decoded {
  readonly frames: readonly { readonly start: number; readonly payload: string }[];
  readonly end: number;
  readonly bytes: number;
}

/** The frames of a file that comes in pieces of a length. */
async function decode(bytes: Buffer, pieceBytes = 7): Promise<Decoded> {
  const frames: { start: number; payload: string }[] = [];
  const pieces = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  };
  const scanned = await scanFrames(pieces(), 'some.log', ({ start, payload: text, bytes: { length } }) => {
    expect(length).toBe(encodeFrame(text).length);
    frames.push({ start, payload: text });
  });
  return { frames, ...scanned };
}

const pieceBytes = fc.integer({ min: 1, max: 100 });

/** What is read, or where corruption is reported. */
async function outcome(bytes: Buffer, length?: number): Promise<readonly string[] | number> {
  try {
    return (await decode(bytes, length)).frames.map((frame) => frame.payload);
  } catch (error) {
    if (!(error instanceof CorruptFile)) throw error;
    return Number(/^some\.log is corrupt at byte (\d+): /.exec(error.message)?.[1]);
  }
}

test('a frame is a readable line', () => {
  expect(encodeFrame('{"totals":{"likes":{"n1":5}}}').toString()).toBe(
    '0000001d cc98026f a1b4d355 {"totals":{"likes":{"n1":5}}}\n',
  );
});

test('decoding reverses encoding, and reports where each frame starts', async () => {
  await fc.assert(
    fc.asyncProperty(payloads, pieceBytes, async (texts, length) => {
      const bytes = encode(texts);
      const { frames, end } = await decode(bytes, length);
      expect(frames.map((frame) => frame.payload)).toEqual(texts);
      expect(frames.map((frame) => frame.start)).toEqual(
        texts.map((_, at) => encode(texts.slice(0, at)).length),
      );
      expect(end).toBe(bytes.length);
    }),
  );
});

test('a file cut at any byte has the frames that are complete', async () => {
  const property = fc.asyncProperty(
    payloads,
    payload,
    fc.nat(),
    fc.nat(100),
    pieceBytes,
    async (texts, last, place, zeros, length) => {
      const whole = encode(texts);
      const frame = encodeFrame(last);
      const cut = frame.subarray(0, place % frame.length);
      const file = Buffer.concat([whole, cut, Buffer.alloc(zeros)]);
      const { frames, end, bytes } = await decode(file, length);
      expect(frames.map((decoded) => decoded.payload)).toEqual(texts);
      expect([end, bytes]).toEqual([whole.length, file.length]);
    },
  );
  await fc.assert(property);
});

test('a file of zeros has no frames', async () => {
  expect(await decode(Buffer.alloc(100))).toEqual({ frames: [], end: 0, bytes: 100 });
});

test('any flipped bit is found in the frame that it is in', async () => {
  const texts = ['{"a":1}', '', '{"é":"€"}'];
  const bytes = encode(texts);
  const starts = (await decode(bytes)).frames.map(({ start }) => start);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const flipped = Buffer.from(bytes);
    const at = Math.floor(bit / 8);
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (bit % 8)), at);
    expect(await outcome(flipped)).toBe(starts.findLast((start) => start <= at));
  }
});

test('however a file is changed, no frame is read that was not written', async () => {
  const texts = ['{"a":1}', '{"b":2}', '{"c":3}'];
  const bytes = encode(texts);
  const garbage = fc.uint8Array({ maxLength: 60 });
  const place = fc.nat(bytes.length);
  await fc.assert(
    fc.asyncProperty(place, place, garbage, pieceBytes, async (from, to, between, length) => {
      const changed = Buffer.concat([bytes.subarray(0, from), between, bytes.subarray(to)]);
      const found = await outcome(changed, length);
      const read = typeof found === 'number' ? [] : found;
      expect(read.filter((text) => !texts.includes(text))).toEqual([]);
    }),
  );
});

test('zeros between frames are corruption', async () => {
  const [first, second] = [encodeFrame('{"a":1}'), encodeFrame('{"b":2}')];
  expect(await outcome(Buffer.concat([first, Buffer.alloc(30), second]))).toBe(first.length);
});

test('a wrong length is detected, however well the rest fits', async () => {
  const bytes = encodeFrame('{"a":1}');
  bytes.write('000000ff', 0);
  expect(await outcome(bytes)).toBe(0);
});
