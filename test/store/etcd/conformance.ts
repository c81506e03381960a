/**
 * The conformance suite of the port to etcd: what the engine takes for granted of etcd. A real etcd behind the gateway and
 * the model of the simulator both pass it, so that what is simulated is what there is.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Compare, KeyValue, Operation, Range } from '../../../src/store/etcd/etcd.ts';
import { Client, codeOf } from '../../support/etcd-client.ts';
import type { EtcdSettings, EtcdUnderTest } from '../../support/etcd-under-test.ts';
import { eventually } from '../../support/eventually.ts';

/** Declares the tests of an etcd. `open` starts one with nothing in it. */
export function etcdConformance(
  name: string,
  open: (settings?: EtcdSettings) => Promise<EtcdUnderTest> | EtcdUnderTest,
): void {
  describe(`${name} as etcd`, () => {
    let shared: EtcdUnderTest;
    let prefixes = 0;

    beforeAll(async () => {
      shared = await open();
    });

    afterAll(() => shared.stop());

    /** Keys of its own for each test. */
    const begin = (): Client => new Client(shared, `test-${++prefixes}/`);

    describe('a comparison', () => {
      /** Of `a`, put as `1`, and `b`, put later as `2`. */
      const cases: [claim: string, holds: boolean, compare: (a: KeyValue, b: KeyValue) => Compare][] = [
        ['no key is there, of one that is', false, ({ key }) => ({ key, isAbsent: true })],
        ['no key is there, of one that is not', true, ({ key }) => ({ key: `${key}~`, isAbsent: true })],
        ['the value', true, ({ key }) => ({ key, value: '1' })],
        ['another value', false, ({ key }) => ({ key, value: '10' })],
        ['the empty value, of no key', false, ({ key }) => ({ key: `${key}~`, value: '' })],
        ['the revision of the last put', true, ({ key, modRevision }) => ({ key, modRevision })],
        ['a later revision', false, ({ key, modRevision }) => ({ key, modRevision: modRevision + 1 })],
        ['revision 0, of a key', false, ({ key }) => ({ key, modRevision: 0 })],
        ['revision 0, of no key', true, ({ key }) => ({ key: `${key}~`, modRevision: 0 })],
        [
          'nothing put after the last put of the range',
          true,
          (a, b) => ({ key: a.key, rangeEnd: `${b.key}\0`, notPutAfter: b.modRevision }),
        ],
        [
          'nothing put after an earlier put of the range',
          false,
          (a, b) => ({ key: a.key, rangeEnd: `${b.key}\0`, notPutAfter: a.modRevision }),
        ],
        [
          'nothing put after, where what was put later is past the end',
          true,
          (a, b) => ({ key: a.key, rangeEnd: b.key, notPutAfter: a.modRevision }),
        ],
        [
          'nothing put after, of an empty range',
          true,
          (a, b) => ({ key: `${a.key}~`, rangeEnd: b.key, notPutAfter: 0 }),
        ],
      ];
      test.each(cases)('of %s: %s', async (_, holds, compareOf) => {
        const client = begin();
        await client.put('a', '1');
        await client.put('b', '2');
        const [a, b] = [await client.pair('a'), await client.pair('b')];
        const compare = [compareOf(a, b)];
        expect((await client.raw({ compare, success: [], failure: [] })).succeeded).toBe(holds);
      });

      test('over a range does not see deletions', async () => {
        const client = begin();
        const { revision } = await client.put('a', '1');
        await client.do({ delete: client.key('a') });
        expect(await client.holds({ key: client.key(''), rangeEnd: client.end, notPutAfter: revision })).toBe(
          true,
        );
        expect(await client.holds({ key: client.key('a'), isAbsent: true })).toBe(true);
      });

      test('has to hold as do the others, or the other branch is done', async () => {
        const client = begin();
        await client.put('a', '1');
        const [right, wrong] = [
          { key: client.key('a'), value: '1' },
          { key: client.key('a'), value: '2' },
        ];
        const [success, failure] = [
          [{ put: client.key('done'), value: 'success' }],
          [{ put: client.key('done'), value: 'failure' }, { range: client.key('a') }],
        ];
        const refused = await client.raw({ compare: [right, wrong], success, failure });
        expect([refused.succeeded, refused.results[1]?.found[0]?.value]).toEqual([false, '1']);
        expect((await client.pair('done')).value).toBe('failure');
        expect((await client.raw({ compare: [right, right], success, failure })).succeeded).toBe(true);
        expect((await client.pair('done')).value).toBe('success');
      });
    });

    describe('a put', () => {
      test('of a new key, a known one, and one that was deleted: revisions and versions', async () => {
        const client = begin();
        const created = await client.put('a', '1');
        const { revision: other } = await client.put('b', '');
        const changed = await client.put('a', '2');
        expect([other, changed.revision]).toEqual([created.revision + 1, created.revision + 2]);
        expect(await client.pair('a')).toEqual({
          key: client.key('a'),
          value: '2',
          createRevision: created.revision,
          modRevision: changed.revision,
          version: 2,
          lease: undefined,
        });
        await client.do({ delete: client.key('a') });
        const { revision } = await client.put('a', '3');
        expect(revision).toBe(changed.revision + 2);
        expect(await client.pair('a')).toMatchObject({
          createRevision: revision,
          modRevision: revision,
          version: 1,
        });
      });

      test('of the same value is a change; a deletion of nothing is none', async () => {
        const client = begin();
        const { revision } = await client.put('a', '1');
        expect((await client.put('a', '1')).revision).toBe(revision + 1);
        expect((await client.do({ delete: client.key('b') })).revision).toBe(revision + 1);
        expect((await client.do()).revision).toBe(revision + 1);
      });

      test('keeps every text', async () => {
        const client = begin();
        for (const text of ['', '\0', 'käse €', '\ud83e\uddee \uffff', '{"a":1}', 'x'.repeat(100_000)]) {
          await client.put('a', text);
          expect((await client.pair('a')).value).toBe(text);
        }
      });
    });

    describe('a range', () => {
      const KEYS = [
        '\0',
        ' ',
        '0',
        'A',
        'a',
        'a\0',
        'a0',
        'b',
        '~',
        '\u00e9',
        '\u20ac',
        '\ud83e\uddee',
        '\ud83e\uddeea',
        '\ue000',
        '\uffff',
      ];

      test('has its keys in the order of their code units, from its first up to its end', async () => {
        const client = begin();
        for (const key of KEYS.toReversed()) await client.put(key, '');
        const inOrder = KEYS.map((key) => client.key(key)).toSorted();
        // Astral characters come before others that are written with one code unit.
        expect(inOrder.at(-1)).toBe(client.key('\uffff'));
        const all = await client.range({ range: client.key(''), rangeEnd: client.end });
        expect(all.found.map(({ key }) => key)).toEqual(inOrder);
        for (const [from, to] of [
          ['a', 'b'],
          ['\ud83e\uddee', '\uffff'],
          ['b', 'a'],
          ['a', 'a'],
        ] as const) {
          const [range, rangeEnd] = [client.key(from), client.key(to)];
          const { found } = await client.range({ range, rangeEnd });
          expect(found.map(({ key }) => key)).toEqual(
            inOrder.filter((key) => key >= range && key < rangeEnd),
          );
        }
      });

      test('without an end is one key', async () => {
        const client = begin();
        await client.put('a', '1');
        await client.put('aa', '2');
        expect(await client.texts({ range: client.key('a') })).toEqual(['a=1']);
        expect(await client.texts({ range: client.key('b') })).toEqual([]);
      });

      test('with a limit has so many, and tells whether there are more', async () => {
        const client = begin();
        for (const key of ['a', 'b', 'c']) await client.put(key, '');
        const limited = async (limit: number): Promise<[number, boolean]> => {
          const { found, more } = await client.range({ range: client.key(''), rangeEnd: client.end, limit });
          return [found.length, more];
        };
        expect(await limited(2)).toEqual([2, true]);
        expect(await limited(3)).toEqual([3, false]);
        expect(await limited(0)).toEqual([3, false]);
      });

      test('at a revision is as it was then, up to the compaction', async () => {
        const client = begin();
        const { revision: first } = await client.put('a', '1');
        const { revision: second } = await client.do(
          { put: client.key('b'), value: '1' },
          { put: client.key('a'), value: '2' },
        );
        const { revision: third } = await client.do({ delete: client.key('a') });
        const at = (revision: number): Promise<string[]> =>
          client.texts({ range: client.key(''), rangeEnd: client.end, revision });
        expect(await at(first - 1)).toEqual([]);
        expect(await at(first)).toEqual(['a=1']);
        expect(await at(second)).toEqual(['a=2', 'b=1']);
        expect(await at(third)).toEqual(['b=1']);
        expect(await at(0)).toEqual(['b=1']);
        expect(await codeOf(at(third + 1))).toBe('invalid');
        await shared.compact(second);
        expect(await codeOf(at(first))).toBe('compacted');
        expect(await at(second)).toEqual(['a=2', 'b=1']);
        await shared.compact(third);
        expect(await at(third)).toEqual(['b=1']);
      });
    });

    describe('a transaction', () => {
      test('is one change, whose reads see what it has done before them', async () => {
        const client = begin();
        const { revision: before } = await client.put('a', '1');
        const { revision, results } = await client.do(
          { range: client.key('a') },
          { put: client.key('a'), value: '2' },
          { range: client.key('a') },
          { range: client.key('a'), revision: before },
          { delete: client.key('b') },
        );
        expect(revision).toBe(before + 1);
        expect(results.map(({ found }) => found[0]?.value)).toEqual(['1', undefined, '2', '1', undefined]);
        expect(results[2]?.found[0]?.modRevision).toBe(revision);
      });

      test('that is nested is part of the change, and compares what was before all of it', async () => {
        const client = begin();
        const { revision: before } = await client.put('a', '1');
        const nested = (value: string): Operation => ({
          txn: {
            compare: [{ key: client.key('a'), value }],
            success: [{ range: client.key('a') }, { put: client.key(`was ${value}`), value: '' }],
            failure: [],
          },
        });
        const { revision, results } = await client.do(
          { put: client.key('a'), value: '2' },
          nested('1'),
          nested('2'),
        );
        expect(revision).toBe(before + 1);
        const [, first, second] = results.map(({ txn }) => txn);
        expect(first).toMatchObject({ succeeded: true, revision });
        expect(first?.results[0]?.found[0]).toMatchObject({ value: '2', modRevision: revision });
        expect(second).toEqual({ succeeded: false, revision, results: [] });
        expect((await client.pair('was 1')).createRevision).toBe(revision);
      });

      test('may change a key only once, wherever it says so', async () => {
        const client = begin();
        const put: Operation = { put: client.key('a'), value: '1' };
        const deletion: Operation = { delete: client.key('a') };
        const nested = (success: Operation[], failure: Operation[] = []): Operation => ({
          txn: { compare: [], success, failure },
        });
        for (const operations of [
          [put, put],
          [put, deletion],
          [deletion, put],
          [put, nested([put])],
          [nested([put]), nested([], [put])],
          [nested([deletion]), nested([put])],
        ]) {
          expect(await codeOf(client.do(...operations))).toBe('invalid');
        }
        await client.do(nested([put], [put]), deletionOf(client.key('b')), deletionOf(client.key('b')));
        expect((await client.pair('a')).version).toBe(1);
      });

      test('has at most 128 comparisons and operations a branch, those of a nested one among them', async () => {
        const client = begin();
        const ranges = (count: number): Range[] =>
          Array.from({ length: count }, () => ({ range: client.key('a') }));
        const compares = (count: number): Compare[] =>
          Array.from({ length: count }, () => ({ key: client.key('a'), isAbsent: true }));
        const nested = (count: number): Operation => ({
          txn: { compare: [], success: ranges(count), failure: [] },
        });
        const most = { compare: compares(128), success: ranges(128), failure: ranges(128) };
        expect((await client.raw(most)).results.length).toBe(128);
        for (const more of [{ compare: compares(129) }, { success: ranges(129) }, { failure: ranges(129) }]) {
          expect(await codeOf(client.raw({ ...most, ...more }))).toBe('invalid');
        }
        expect((await client.do(...ranges(27), nested(100))).results.length).toBe(28);
        expect(await codeOf(client.do(...ranges(27), nested(101)))).toBe('invalid');
      });

      test('is refused when it is too large, or has an empty key', async () => {
        const client = begin();
        await client.put('a', 'x'.repeat(1_500_000));
        expect(await codeOf(client.put('a', 'x'.repeat(1_600_000)))).toBe('invalid');
        expect(await codeOf(client.put('a', 'x'.repeat(3_000_000)))).toBe('invalid');
        // Members need not agree on what only reads.
        expect(await client.holds({ key: client.key('a'), value: 'x'.repeat(1_600_000) })).toBe(false);
        for (const operation of [{ put: '', value: '' }, { delete: '' }, { range: '' }]) {
          expect(await codeOf(client.do(operation))).toBe('invalid');
        }
        expect(await codeOf(client.holds({ key: '', isAbsent: true }))).toBe('invalid');
      });

      test('that is refused changes nothing', async () => {
        const client = begin();
        const { revision } = await client.put('a', '1');
        const put = { put: client.key('b'), value: '1' };
        expect(await codeOf(client.do(put, { put: client.key('c'), value: '', lease: '12345' }))).toBe(
          'not_found',
        );
        expect(await codeOf(client.do(put, { range: client.key('a'), revision: revision + 1 }))).toBe(
          'invalid',
        );
        expect((await client.do()).revision).toBe(revision);
      });
    });

    describe('a lease', () => {
      test('takes its keys with it, at one revision', async () => {
        const client = begin();
        const { id } = await client.grantLease(60);
        const { revision } = await client.do(
          { put: client.key('b'), value: '1', lease: id },
          { put: client.key('a'), value: '1', lease: id },
          { put: client.key('c'), value: '1' },
        );
        expect((await client.pair('a')).lease).toBe(id);
        expect((await client.pair('c')).lease).toBeUndefined();
        await client.revokeLease(id);
        const { revision: after } = await client.do();
        expect(after).toBe(revision + 1);
        expect(await client.texts({ range: client.key(''), rangeEnd: client.end })).toEqual(['c=1']);
      });

      test('has no hold on keys that were put anew without it or under another, or deleted', async () => {
        const client = begin();
        const [{ id }, { id: other }] = [await client.grantLease(60), await client.grantLease(60)];
        for (const key of ['a', 'b', 'c']) await client.do({ put: client.key(key), value: '1', lease: id });
        await client.put('a', '2');
        await client.do({ put: client.key('b'), value: '2', lease: other });
        await client.do({ delete: client.key('c') });
        const { revision } = await client.put('c', '2');
        await client.revokeLease(id);
        expect((await client.do()).revision).toBe(revision);
        await client.revokeLease(other);
        expect(await client.texts({ range: client.key(''), rangeEnd: client.end })).toEqual(['a=2', 'c=2']);
      });

      test('lasts at least two seconds, and is renewed for as long as it was granted', async () => {
        const client = begin();
        const { id, ttlSeconds } = await client.grantLease(1);
        expect(ttlSeconds).toBe(2);
        await client.revokeLease(id);
        const long = await client.grantLease(600);
        expect(long.ttlSeconds).toBe(600);
        expect(await client.keepLeaseAlive(long.id)).toEqual(long);
        expect(await codeOf(client.grantLease(9_000_000_001))).toBe('invalid');
      });

      test('that has gone is not found, and not renewed', async () => {
        const client = begin();
        const { id } = await client.grantLease(60);
        await client.revokeLease(id);
        expect(await codeOf(client.revokeLease(id))).toBe('not_found');
        expect(await client.keepLeaseAlive(id)).toEqual({ id, ttlSeconds: 0 });
        const put = client.do({ put: client.key('a'), value: '1', lease: id });
        expect(await codeOf(put)).toBe('not_found');
      });
    });

    describe('a watch', () => {
      test('tells of puts and deletions from a revision on, each once and in order', async () => {
        const client = begin();
        await client.put('a', '0');
        const { revision } = await client.put('a', '1');
        await client.do({ put: client.key('c'), value: '1' }, { put: client.key('b'), value: '1' });
        const told = client.watch(revision);
        await client.do({ delete: client.key('a') });
        const { id } = await client.grantLease(60);
        await client.do({ put: client.key('leased'), value: '1', lease: id });
        await client.revokeLease(id);
        const last = await client.put('z', '1');
        await eventually(() => expect(told.revision).toBe(last.revision));
        expect(told.keys).toEqual(['a', 'c', 'b', 'a', 'leased', 'leased', 'z']);
        expect(told.isInOrder).toBe(true);
        told.cancel();
        await client.put('a', '1');
        const later = client.watch(last.revision + 1);
        await eventually(() => expect(later.keys).toEqual(['a']));
        later.cancel();
        expect(told.keys.length).toBe(7);
      });

      test('tells the changes of a transaction together', async () => {
        const client = begin();
        const { revision } = await client.do();
        const told = client.watch(revision + 1);
        await client.do(...['b', 'a', 'c'].map((key) => ({ put: client.key(key), value: '' })));
        await eventually(() => expect(told.calls).toContainEqual(['b', 'a', 'c']));
        told.cancel();
      });

      test('never says that it has told more than it has', async () => {
        const client = begin();
        const { revision: first } = await client.put('a', '1');
        for (let count = 0; count < 1500; count += 100) {
          const puts = Array.from({ length: 100 }, (_, n) => client.put(`key-${count + n}`, ''));
          await Promise.all(puts);
        }
        const told = client.watch(first);
        await eventually(() => expect(told.keys.length).toBe(1501));
        // What is left out between two revisions would be lost to whoever begins again at the one that was told.
        const wrong = told.progress.filter(
          ({ revision, keys }) => keys !== Math.max(0, revision - first + 1),
        );
        expect(wrong).toEqual([]);
        told.cancel();
      });

      test('tells only of its range', async () => {
        const client = begin();
        const { revision } = await client.put('a', '1');
        await client.put('b', '1');
        await client.put('c', '1');
        const told = client.watch(revision, 'b', 'c');
        await eventually(() => expect(told.keys).toEqual(['b']));
        told.cancel();
      });

      test('from a revision that is compacted ends', async () => {
        const client = begin();
        const { revision } = await client.put('a', '1');
        await client.put('a', '2');
        await shared.compact(revision + 1);
        const told = client.watch(revision);
        await eventually(() => expect(told.ended).toBe('compacted'));
        expect(told.keys).toEqual([]);
        const kept = client.watch(revision + 1);
        await eventually(() => expect(kept.keys).toEqual(['a']));
        expect(kept.ended).toBeUndefined();
        kept.cancel();
      });
    });

    test('a status has a version, a size and a leader', async () => {
      const { version, dbBytes, memberId, leaderId, alarms } = await begin().status();
      expect(version).toMatch(/^3\./);
      expect(dbBytes).toBeGreaterThan(0);
      expect([leaderId, alarms]).toEqual([memberId, []]);
    });

    test('without space, there are no puts and leases until it is compacted, defragmented and disarmed', async () => {
      const small = await open({ quotaBytes: 300_000 });
      try {
        const client = new Client(small, '');
        const { id } = await client.grantLease(60);
        await client.do({ put: 'leased', value: '1', lease: id });
        let refusal: unknown;
        for (let count = 0; refusal === undefined; count++) {
          refusal = await codeOf(client.put(`key-${count % 3}`, 'x'.repeat(20_000)));
        }
        expect(refusal).toBe('no_space');
        // That very put may have been done: what has to be known must be looked up. Those that follow are not.
        const { revision } = await client.do();
        expect((await client.status()).alarms).toEqual(['NOSPACE']);
        expect(await codeOf(client.put('a', '1'))).toBe('no_space');
        const unneeded = { compare: [], success: [], failure: [{ put: 'a', value: '1' }] };
        expect(await codeOf(client.raw(unneeded))).toBe('no_space');
        expect(await codeOf(client.grantLease(60))).toBe('no_space');
        expect((await client.do()).revision).toBe(revision);

        expect(await client.texts({ range: 'leased' })).toEqual(['leased=1']);
        expect((await client.keepLeaseAlive(id)).ttlSeconds).toBe(60);
        await client.revokeLease(id);
        await client.do({ delete: 'key-0' });
        expect((await client.do()).revision).toBe(revision + 2);

        await small.compact(revision + 2);
        expect(await codeOf(client.put('a', '1'))).toBe('no_space');
        await small.defragment();
        expect(await codeOf(client.put('a', '1'))).toBe('no_space');
        await small.disarm();
        await client.put('a', '1');
        expect((await client.status()).alarms).toEqual([]);
      } finally {
        await small.stop();
      }
    });
  });
}

const deletionOf = (key: string): Operation => ({ delete: key });
