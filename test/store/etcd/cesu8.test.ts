import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCesu8, encodeCesu8 } from '../../../src/store/etcd/cesu8.ts';

/** Any code units, halves of surrogate pairs among them. */
const units = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd7f0, max: 0xe010 })),
);
const text = fc.oneof(
  units.map((all) => String.fromCharCode(...all)),
  fc.string({ unit: 'grapheme' }),
);

test('what was encoded is decoded', () => {
  fc.assert(
    fc.property(text, (original) => {
      expect(decodeCesu8(encodeCesu8(original))).toBe(original);
    }),
  );
});

test('bytes have the order of the code units', () => {
  const sign = (n: number): number => Math.sign(n);
  fc.assert(
    fc.property(text, text, (a, b) => {
      const ofTexts = a < b ? -1 : a > b ? 1 : 0;
      expect(sign(Buffer.compare(encodeCesu8(a), encodeCesu8(b)))).toBe(ofTexts);
    }),
  );
});

test('without characters beyond U+FFFF it is UTF-8', () => {
  expect(encodeCesu8('käse\0€')).toEqual(Buffer.from('käse\0€'));
  expect(encodeCesu8('🧮').toString('hex')).toBe('eda0beedb7ae');
});
