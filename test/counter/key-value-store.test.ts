/** What the counter needs of a key-value store, checked for every implementation; and the requests of KeyValueClient. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryKeyValueStore } from '../../src/counter/memory-key-value-store.ts';
import { type ReplyBody, type RequestBody, KeyValueClient } from '../../src/maelstrom/key-value-client.ts';
import type { KeyValueStore } from '../../src/counter/key-value-store.ts';
import { LinearizableKv, SequentialKv, type Service } from '../../src/workbench/nodes/kv-service.ts';
import { streams } from '../../src/workbench/sim/random.ts';

const overTheWire = (body: ReplyBody): ReplyBody => JSON.parse(JSON.stringify(body));

/** The only client of `service`, which so sees everything that it wrote, even through seq-kv. */
function onlyClientOf(service: Service): KeyValueStore {
  return new KeyValueClient('kv', async (_, body) => {
    const reply = service.handle('n0', overTheWire(body));
    if (reply === undefined) throw new Error(`no reply to ${JSON.stringify(body)}`);
    return overTheWire(reply);
  });
}

const stores: Record<string, () => KeyValueStore> = {
  'a store in memory': () => new MemoryKeyValueStore(),
  'a store over lin-kv': () => onlyClientOf(new LinearizableKv()),
  'a store over seq-kv': () => onlyClientOf(new SequentialKv(streams(1)('seq-kv'))),
};

const values = [0, 1, -1.5, null, false, '', '0', [], [0, [1]], {}, { a: { b: [1] } }];
const keys = ['', 'key', 'counter-n0', '__proto__', 'constructor', 'toString', 'two words', '鍵🔑'];

const operation = fc.record({
  kind: fc.constantFrom('read', 'write', 'swap', 'swap or create'),
  key: fc.constantFrom('a', 'b', '__proto__'),
  from: fc.constantFrom(...values),
  to: fc.constantFrom(...values),
});
type StoreOperation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

function perform(store: KeyValueStore, { kind, key, from, to }: StoreOperation): Promise<unknown> {
  if (kind === 'read') return store.read(key);
  if (kind === 'write') return store.write(key, to);
  return store.compareAndSwap(key, from, to, kind === 'swap or create');
}

/** A model: a map whose values are texts. Each of `values` has a text of its own. */
function performOn(texts: Map<string, string>, { kind, key, from, to }: StoreOperation): unknown {
  const text = texts.get(key);
  if (kind === 'read') return text === undefined ? undefined : JSON.parse(text);
  if (kind === 'swap' && text === undefined) return 'missing';
  if (kind !== 'write' && text !== undefined && text !== JSON.stringify(from)) return 'mismatch';
  texts.set(key, JSON.stringify(to));
  return kind === 'write' ? undefined : 'ok';
}

describe.each(Object.entries(stores))('%s', (_, create) => {
  test('has no value for a key that was never written', async () => {
    const store = create();
    await store.write('other', 1);
    for (const key of keys) expect(await store.read(key)).toBeUndefined();
  });

  test('reads what was written last', async () => {
    const store = create();
    for (const value of values) {
      await store.write('key', value);
      expect(await store.read('key')).toEqual(value);
    }
  });

  test('distinguishes null from no value', async () => {
    const store = create();
    await store.write('key', null);
    expect(await store.read('key')).toBeNull();
    expect(await store.compareAndSwap('key', 0, 1, true)).toBe('mismatch');
  });

  test('swaps a value that is as expected', async () => {
    const store = create();
    await store.write('key', 1);
    expect(await store.compareAndSwap('key', 1, 2, false)).toBe('ok');
    expect(await store.read('key')).toBe(2);
  });

  test('does not swap another value, whether it may create the key or not', async () => {
    const store = create();
    await store.write('key', 1);
    for (const createIfNotExists of [false, true]) {
      expect(await store.compareAndSwap('key', 0, 2, createIfNotExists)).toBe('mismatch');
    }
    expect(await store.read('key')).toBe(1);
  });

  test('does not swap a missing key', async () => {
    const store = create();
    expect(await store.compareAndSwap('key', 0, 1, false)).toBe('missing');
    expect(await store.read('key')).toBeUndefined();
  });

  test.each(values)('creates a missing key if told to, with a from of %j', async (from) => {
    const store = create();
    expect(await store.compareAndSwap('key', from, 'new', true)).toBe('ok');
    expect(await store.read('key')).toBe('new');
  });

  test('compares values as JSON: deeply, and in any order of keys', async () => {
    const store = create();
    await store.write('key', { a: [1, { b: null }], c: 'd' });
    expect(await store.compareAndSwap('key', { a: [1, {}], c: 'd' }, 0, false)).toBe('mismatch');
    expect(await store.compareAndSwap('key', { a: [{ b: null }, 1], c: 'd' }, 0, false)).toBe('mismatch');
    expect(await store.compareAndSwap('key', { c: 'd', a: [1, { b: null }] }, 0, false)).toBe('ok');
    expect(await store.compareAndSwap('key', '0', 1, false)).toBe('mismatch');
  });

  test('any string is a key, different from all others', async () => {
    const store = create();
    for (const [index, key] of keys.entries()) await store.write(key, index);
    for (const [index, key] of keys.entries()) {
      expect(await store.compareAndSwap(key, index, index + 100, false)).toBe('ok');
    }
    for (const [index, key] of keys.entries()) expect(await store.read(key)).toBe(index + 100);
  });

  test('behaves like a map', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 60, size: 'max' }), async (operations) => {
        const store = create();
        const texts = new Map<string, string>();
        for (const next of operations) {
          expect(await perform(store, next)).toEqual(performOn(texts, next));
        }
      }),
    );
  });
});

/** A store whose requests are recorded and get `reply`. */
function replying(reply: ReplyBody) {
  const requests: [service: string, body: RequestBody][] = [];
  const store = new KeyValueClient('seq-kv', async (service, body) => {
    requests.push([service, body]);
    return reply;
  });
  return { store, requests };
}

describe('a store over a service', () => {
  test('sends a read with the key and nothing else', async () => {
    const { store, requests } = replying({ type: 'read_ok', value: 7 });
    expect(await store.read('key')).toBe(7);
    expect(requests).toStrictEqual([['seq-kv', { type: 'read', key: 'key' }]]);
  });

  test('sends a write with the key and the value', async () => {
    const { store, requests } = replying({ type: 'write_ok' });
    await store.write('key', [7]);
    expect(requests).toStrictEqual([['seq-kv', { type: 'write', key: 'key', value: [7] }]]);
  });

  test('sends a swap with from and to, and create_if_not_exists only if it is true', async () => {
    const { store, requests } = replying({ type: 'cas_ok' });
    await store.compareAndSwap('key', 1, 2, false);
    await store.compareAndSwap('key', 0, 3, true);
    expect(requests).toStrictEqual([
      ['seq-kv', { type: 'cas', key: 'key', from: 1, to: 2 }],
      ['seq-kv', { type: 'cas', key: 'key', from: 0, to: 3, create_if_not_exists: true }],
    ]);
  });

  test.each([20, 22])('returns error %i of a swap as its outcome', async (code) => {
    const { store } = replying({ type: 'error', code });
    expect(await store.compareAndSwap('key', 0, 1, false)).toBe(code === 20 ? 'missing' : 'mismatch');
  });

  test('takes error 20 for a result of a read, but not of a write', async () => {
    const { store } = replying({ type: 'error', code: 20 });
    expect(await store.read('key')).toBeUndefined();
    await expect(store.write('key', 1)).rejects.toThrow('seq-kv replied to write with');
  });

  test.each([0, 1, 10, 11, 12, 13, 14, 21, 30, 1000])('rejects on error %i, and shows it', async (code) => {
    const { store, requests } = replying({ type: 'error', code, text: 'no luck' });
    const shown = `with {"type":"error","code":${code},"text":"no luck"}`;
    await expect(store.read('key')).rejects.toThrow(`seq-kv replied to read ${shown}`);
    await expect(store.write('key', 1)).rejects.toThrow(`seq-kv replied to write ${shown}`);
    await expect(store.compareAndSwap('key', 0, 1, true)).rejects.toThrow(`seq-kv replied to cas ${shown}`);
    expect(requests).toHaveLength(3);
  });

  test('rejects a failed precondition of a request that has none', async () => {
    const { store } = replying({ type: 'error', code: 22 });
    await expect(store.read('key')).rejects.toThrow('seq-kv replied to read with');
    await expect(store.write('key', 1)).rejects.toThrow('seq-kv replied to write with');
  });

  test('rejects if no reply comes, without repeating the request', async () => {
    let calls = 0;
    const store = new KeyValueClient('seq-kv', async () => {
      calls++;
      throw new Error('no reply');
    });
    await expect(store.read('key')).rejects.toThrow('no reply');
    await expect(store.write('key', 1)).rejects.toThrow('no reply');
    await expect(store.compareAndSwap('key', 0, 1, true)).rejects.toThrow('no reply');
    expect(calls).toBe(3);
  });
});
