import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { boundedText } from '../../src/runtime/bounded-text.ts';

const streamOf = (...pieces: readonly string[]): Readable =>
  Readable.from(
    pieces.map((piece) => Buffer.from(piece)),
    { objectMode: false },
  );

test('a text comes whole, however it is cut into pieces', async () => {
  const [euro, rest] = [Buffer.from('€').subarray(0, 1), Buffer.from('€').subarray(1)];
  expect(await boundedText(Readable.from([euro, rest], { objectMode: false }), 3)).toBe('€');
  expect(await boundedText(streamOf(), 0)).toBe('');
});

test('one byte more than there may be is an error, and ends the stream', async () => {
  const stream = streamOf('abc', 'd', 'e');
  await expect(boundedText(stream, 3)).rejects.toThrow('its response is too long');
  expect(stream.destroyed).toBe(true);
});

test('a stream that breaks off is an error', async () => {
  const stream = new Readable({ read() {} });
  stream.push('abc');
  const text = boundedText(stream, 10);
  stream.destroy(new Error('broken off'));
  await expect(text).rejects.toThrow('broken off');
});
