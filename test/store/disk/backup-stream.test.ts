/** Backups of a store that goes on counting, and what is made of them. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RestoreError, restoreBackup } from '../../../src/store/disk/backup.ts';
import { encodeFrame } from '../../../src/store/disk/frame.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';
import { MemoryFiles } from '../../support/memory-files.ts';
import { SimDiskStore } from '../../support/sim-disk-store.ts';

async function* inPieces(bytes: Buffer, length = 1000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function restored(bytes: Buffer): Promise<SimDiskStore> {
  const files = new MemoryFiles();
  await restoreBackup(inPieces(bytes), files);
  return SimDiskStore.begin(files, { clock: new VirtualClock() });
}

async function whole(sim: SimDiskStore): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const copy = async (): Promise<void> => {
    for await (const piece of sim.store.backup()) pieces.push(piece);
  };
  await sim.run(copy());
  return Buffer.concat(pieces);
}

/** All counters with their totals. */
function stateOf(sim: SimDiskStore): Record<string, unknown> {
  const keys = [...sim.store.counters.keys()].toSorted();
  return Object.fromEntries(
    keys.map((key) => [key, [sim.nodes(key), sim.store.counters.get(key)?.lowerBound, sim.value(key)]]),
  );
}

/** Some counters, a thousand of them wide apart, so that a copy comes in many pieces. */
async function filled(counters = 3000): Promise<SimDiskStore> {
  const sim = await SimDiskStore.begin(new MemoryFiles(), { limits: { maxCounters: 100_000 } });
  const increments = Array.from({ length: counters }, (_, n) => ({
    key: `key-${n}-${'x'.repeat(60)}`,
    amount: n + 1,
  }));
  await sim.run(sim.addAll(increments));
  return sim;
}

const change = fc.record({
  key: fc.oneof(
    fc.integer({ min: 0, max: 2999 }).map((n) => `key-${n}-${'x'.repeat(60)}`),
    fc.string({ minLength: 1, maxLength: 5 }).filter((key) => /^[\w-]+$/.test(key)),
  ),
  amount: fc.integer({ min: 1, max: 1000 }),
  kind: fc.constantFrom('add', 'add', 'merge', 'raise'),
});

describe('a backup', () => {
  test('is what there was when it began, whatever changes until it ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(change, { maxLength: 8 }), { minLength: 3, maxLength: 6 }),
        async (rounds) => {
          const sim = await filled();
          const copying = sim.store.backup();
          const pieces: Buffer[] = [];
          const before = stateOf(sim);
          const next = async (): Promise<boolean> => {
            const { value, done } = await sim.run(copying.next());
            if (done !== true) pieces.push(value);
            return done !== true;
          };
          await next();
          for (const changes of rounds) {
            for (const { kind, key, amount } of changes) {
              if (kind === 'add')
                await sim.run(
                  sim.addAll([
                    { key, amount },
                    { key: 'a', amount },
                    { key: 'z', amount },
                  ]),
                );
              if (kind === 'merge') await sim.run(sim.merge(key, { other: amount }));
              if (kind === 'raise') await sim.run(sim.store.raiseTo(key, amount * 1000));
            }
            await next();
          }
          while (await next());
          const copy = await restored(Buffer.concat(pieces));
          expect(stateOf(copy)).toEqual(before);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('counts on under a replica id of its own, and leaves that of the original alone', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 5));
    const copy = await restored(await whole(sim));
    await copy.run(copy.add('likes', 2));
    await sim.run(sim.add('likes', 1));
    expect(copy.replicaId).toMatch(/^node-1~/);
    expect(copy.nodes('likes')).toEqual({ 'node-1': 5, [copy.replicaId]: 2 });
    await sim.run(sim.merge('likes', copy.nodes('likes')));
    expect(sim.value('likes')).toBe(8);
  });

  test('knows which increments were retries of those that it has, and of no others', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    expect(await sim.run(sim.add('likes', 5, 'before'))).toBe(5);
    const copying = sim.store.backup();
    const first = await sim.run(copying.next());
    await sim.run(sim.add('likes', 7, 'after'));
    const pieces = [first.value ?? Buffer.alloc(0)];
    for (
      let { value, done } = await sim.run(copying.next());
      done !== true;
      { value, done } = await sim.run(copying.next())
    ) {
      if (value !== undefined) pieces.push(value);
    }
    const copy = await restored(Buffer.concat(pieces));
    expect(await copy.run(copy.add('likes', 5, 'before'))).toBe(5);
    expect(await copy.run(copy.add('likes', 7, 'after'))).toBe(12);
    expect(await copy.run(copy.add('likes', 7, 'after'))).toBe(12);
  });

  test('that is given up costs nothing from then on', async () => {
    const sim = await filled();
    const copying = sim.store.backup();
    await sim.run(copying.next());
    await copying.return();
    expect((await copying.next()).done).toBe(true);
    await sim.run(sim.add('likes'));
    expect(stateOf(await restored(await whole(sim)))).toEqual(stateOf(sim));
  });

  test('of an empty store is one', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles(), { nodeId: 'only' });
    const copy = await restored(await whole(sim));
    expect([copy.store.nodeId, stateOf(copy)]).toEqual(['only', {}]);
  });
});

describe('what is not a whole backup is refused', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  await sim.run(sim.add('likes', 5, 'once'));
  await sim.run(sim.merge('likes', { other: 7 }));
  const backup = await whole(sim);
  const attempt = (bytes: Buffer): Promise<unknown> => restoreBackup(inPieces(bytes), new MemoryFiles());

  test('as it stands it is one', async () => {
    await expect(attempt(backup)).resolves.toEqual({ nodeId: 'node-1', counters: 1 });
  });

  test('cut off at any byte', async () => {
    for (let length = 0; length < backup.length; length++) {
      await expect(attempt(backup.subarray(0, length))).rejects.toThrow(RestoreError);
    }
  });

  test('with any bit changed', async () => {
    for (let bit = 0; bit < backup.length * 8; bit++) {
      const changed = Buffer.from(backup);
      const at = Math.floor(bit / 8);
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << (bit % 8)), at);
      await expect(attempt(changed)).rejects.toThrow(RestoreError);
    }
  });

  const lines = backup.toString().split('\n').slice(0, -1);
  test.each([
    ['two backups', Buffer.concat([backup, backup])],
    ['zeros after it', Buffer.concat([backup, Buffer.alloc(64)])],
    ['a line less', Buffer.from(`${lines.toSpliced(1, 1).join('\n')}\n`)],
    ['a line twice', Buffer.from(`${lines.toSpliced(1, 0, lines[1] ?? '').join('\n')}\n`)],
    ['lines exchanged', Buffer.from(`${[lines[0], lines[2], lines[1], ...lines.slice(3)].join('\n')}\n`)],
    ['nothing', Buffer.alloc(0)],
    ['JSON', Buffer.from('{"likes":{"node-1":5}}\n')],
  ])('%s', async (_name, bytes) => {
    await expect(attempt(bytes)).rejects.toThrow(RestoreError);
  });

  test('a segment of a log', async () => {
    const segment = sim.files.bytes('counters-000001.log');
    await expect(attempt(segment)).rejects.toThrow(new RestoreError('this is no backup'));
  });

  test('one of a newer version, which is named', async () => {
    const head = encodeFrame('{"segment":{"format":2,"number":1,"file":"a backup","snapshots":[]}}');
    await expect(attempt(head)).rejects.toThrow(
      new RestoreError(
        'the backup cannot be read: it is of format 2 and this version knows 1: use a newer one',
      ),
    );
  });
});
