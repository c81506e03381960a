import * as fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { crc32 } from '../../../src/store/disk/crc32.ts';

/** By Node itself: a gzip file ends with the checksum and the length of what is in it. */
const checksumInGzip = (some: Uint8Array): number => gzipSync(some).readUInt32LE(gzipSync(some).length - 8);

const bytes = fc.uint8Array({ maxLength: 100 });

test('the checksum is that of zlib', () => {
  expect(crc32(Buffer.from('123456789')).toString(16)).toBe('cbf43926');
  expect(crc32(Buffer.alloc(0))).toBe(0);
  fc.assert(
    fc.property(bytes, (some) => {
      expect(crc32(some)).toBe(checksumInGzip(some));
    }),
  );
});

test('a checksum goes on from that of the bytes before', () => {
  fc.assert(
    fc.property(bytes, bytes, (before, after) => {
      expect(crc32(after, crc32(before))).toBe(crc32(Buffer.concat([before, after])));
    }),
  );
});

test('every burst of up to 32 bits that flips changes the checksum', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 8, maxLength: 100 }),
      fc.nat(),
      fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      (some, position, burst) => {
        const flipped = Buffer.from(some);
        const at = position % (some.length - 3);
        flipped.writeUInt32BE((flipped.readUInt32BE(at) ^ burst) >>> 0, at);
        expect(crc32(flipped)).not.toBe(crc32(some));
      },
    ),
  );
});
