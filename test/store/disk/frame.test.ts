import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { CorruptFile } from '../../../src/store/disk/corruption.ts';
import { decodeFrames, encodeFrame } from '../../../src/store/disk/frame.ts';

/** Any text but with zero bytes, as JSON is. */
const payload = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
const payloads = fc.array(payload, { maxLength: 5 });

const encode = (texts: readonly string[]): Buffer => Buffer.concat(texts.map(encodeFrame));
const decode = (bytes: Buffer): readonly string[] =>
  decodeFrames(bytes, 'some.log').frames.map((frame) => frame.payload);

/** What is read, or where corruption is reported. */
function outcome(bytes: Buffer): readonly string[] | number {
  try {
    return decode(bytes);
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

test('decoding reverses encoding, and reports where each frame starts', () => {
  fc.assert(
    fc.property(payloads, (texts) => {
      const bytes = encode(texts);
      const { frames, end } = decodeFrames(bytes, 'some.log');
      expect(frames.map((frame) => frame.payload)).toEqual(texts);
      expect(frames.map((frame) => frame.start)).toEqual(
        texts.map((_, at) => encode(texts.slice(0, at)).length),
      );
      expect(end).toBe(bytes.length);
    }),
  );
});

test('a file cut at any byte has the frames that are complete', () => {
  fc.assert(
    fc.property(payloads, payload, fc.nat(), fc.nat(100), (texts, last, place, zeros) => {
      const whole = encode(texts);
      const frame = encodeFrame(last);
      const cut = frame.subarray(0, place % frame.length);
      const { frames, end } = decodeFrames(Buffer.concat([whole, cut, Buffer.alloc(zeros)]), 'some.log');
      expect(frames.map((decoded) => decoded.payload)).toEqual(texts);
      expect(end).toBe(whole.length);
    }),
  );
});

test('a file of zeros has no frames', () => {
  expect(decodeFrames(Buffer.alloc(100), 'some.log')).toEqual({ frames: [], end: 0 });
});

test('any flipped bit is found in the frame that it is in', () => {
  const texts = ['{"a":1}', '', '{"é":"€"}'];
  const bytes = encode(texts);
  const starts = decodeFrames(bytes, 'some.log').frames.map(({ start }) => start);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const flipped = Buffer.from(bytes);
    const at = Math.floor(bit / 8);
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (bit % 8)), at);
    expect(outcome(flipped)).toBe(starts.findLast((start) => start <= at));
  }
});

test('however a file is changed, no frame is read that was not written', () => {
  const texts = ['{"a":1}', '{"b":2}', '{"c":3}'];
  const bytes = encode(texts);
  const garbage = fc.uint8Array({ maxLength: 60 });
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.nat(bytes.length), garbage, (from, to, between) => {
      const changed = Buffer.concat([bytes.subarray(0, from), between, bytes.subarray(to)]);
      const found = outcome(changed);
      const read = typeof found === 'number' ? [] : found;
      expect(read.filter((text) => !texts.includes(text))).toEqual([]);
    }),
  );
});

test('zeros between frames are corruption', () => {
  const [first, second] = [encodeFrame('{"a":1}'), encodeFrame('{"b":2}')];
  expect(outcome(Buffer.concat([first, Buffer.alloc(30), second]))).toBe(first.length);
});

test('a wrong length is detected, however well the rest fits', () => {
  const bytes = encodeFrame('{"a":1}');
  bytes.write('000000ff', 0);
  expect(outcome(bytes)).toBe(0);
});
