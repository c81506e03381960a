import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Purpose, Keyring } from '../../src/cluster/hmac.ts';

const OLD = 'an old key of the cluster';
const NEW = 'a new key of the cluster';
const PURPOSES: readonly Purpose[] = ['beacon', 'request', 'reply'];

const keyring = new Keyring([NEW]);
const text = fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'grapheme' }));
const context = fc.constantFrom('', 'a 1', 'a 11', 'b 1');
const purpose = fc.constantFrom(...PURPOSES);

test('a signed text verifies for its purpose and context', () => {
  fc.assert(
    fc.property(purpose, context, text, (why, where, said) => {
      expect(keyring.verify(why, where, keyring.sign(why, where, said))).toBe(said);
    }),
  );
});

test('a signature for one purpose or context is not valid for another', () => {
  fc.assert(
    fc.property(purpose, context, purpose, context, text, (why, where, otherWhy, elsewhere, said) => {
      fc.pre(why !== otherWhy || where !== elsewhere);
      expect(keyring.verify(otherWhy, elsewhere, keyring.sign(why, where, said))).toBeUndefined();
    }),
  );
});

test('another key opens nothing', () => {
  const other = new Keyring([OLD]);
  fc.assert(
    fc.property(purpose, context, text, (why, where, said) => {
      expect(other.verify(why, where, keyring.sign(why, where, said))).toBeUndefined();
    }),
  );
});

test('a signed text with any one bit flipped does not verify', () => {
  const sealed = Buffer.from(keyring.sign('request', 'a 1', '{"to":"k3f9qz","n":"\u00e9"}'));
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const flipped = Buffer.from(sealed);
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    expect(keyring.verify('request', 'a 1', flipped.toString())).toBeUndefined();
    expect(keyring.verify('request', 'a 1', flipped.toString('latin1'))).toBeUndefined();
  }
});

test('a signed text that was cut or has grown does not verify', () => {
  const sealed = keyring.sign('reply', 'a 1', '{"body":{}}');
  for (let length = 0; length < sealed.length; length++) {
    expect(keyring.verify('reply', 'a 1', sealed.slice(0, length))).toBeUndefined();
    expect(keyring.verify('reply', 'a 1', sealed.slice(sealed.length - length))).toBeUndefined();
  }
  for (const more of [' ', '\0', '=', '{']) {
    expect(keyring.verify('reply', 'a 1', sealed + more)).toBeUndefined();
    expect(keyring.verify('reply', 'a 1', more + sealed)).toBeUndefined();
  }
});

test('a text that was never signed does not verify', () => {
  fc.assert(
    fc.property(text, (said) => {
      expect(keyring.verify('request', '', said)).toBeUndefined();
      expect(keyring.verify('request', '', 'A'.repeat(43) + said)).toBeUndefined();
      expect(keyring.verify('request', '', '\u00e9'.repeat(43) + said)).toBeUndefined();
    }),
  );
});

test('a text goes as it is, behind its keyring', () => {
  const sealed = keyring.sign('beacon', '', '{"a":1}');
  expect(sealed).toMatch(/^[\w-]{43}\{"a":1\}$/);
  expect(sealed).not.toContain(NEW);
});

describe('while keys are changed one member at a time', () => {
  const before = new Keyring([OLD]);
  const knowing = new Keyring([OLD, NEW]);
  const changed = new Keyring([NEW, OLD]);
  const after = new Keyring([NEW]);
  const opens = (from: Keyring, to: Keyring): boolean =>
    to.verify('request', '', from.sign('request', '', '{}')) === '{}';

  test('each step understands the one before and the one after', () => {
    const steps = [before, knowing, changed, after];
    for (const [index, step] of steps.entries()) {
      for (const next of steps.slice(index, index + 2)) {
        expect([opens(step, next), opens(next, step)]).toEqual([true, true]);
      }
    }
  });

  test('the first key seals', () => {
    expect(opens(changed, after)).toBe(true);
    expect(opens(changed, before)).toBe(false);
  });

  test('the old key is worth nothing in the end', () => {
    expect(opens(before, after)).toBe(false);
  });
});

describe('a cluster without a key', () => {
  const open = new Keyring([]);

  test('signs nothing and accepts any object', () => {
    expect([open.isKeyed, keyring.isKeyed]).toEqual([false, true]);
    expect(open.sign('request', 'a 1', '{}')).toBe('{}');
    expect(open.verify('reply', 'b 2', '{}')).toBe('{}');
  });

  test('and one with a key do not understand each other', () => {
    expect(open.verify('request', '', keyring.sign('request', '', '{}'))).toBeUndefined();
    expect(keyring.verify('request', '', open.sign('request', '', '{}'))).toBeUndefined();
  });
});
