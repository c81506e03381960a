/** Segments: that the log continues early in the next one, and that segments which do not belong together are refused. */
import { beforeAll, describe, expect, test } from 'vitest';
import { copyOf } from '../../support/directory-7c94479.ts';
import { look } from '../../support/data-directory.ts';
import { SimDiskStore } from '../../support/sim-disk-store.ts';
import { DiskError, MemoryFiles, nothing } from '../../support/memory-files.ts';

const [FIRST, SECOND, THIRD] = ['counters-000001.log', 'counters-000002.log', 'counters-000003.log'];
/** Segments take no further record from 2000 bytes on, and the snapshot below never comes. */
const minLogBytes = 1000;

/** A directory whose log has three segments or more, since a snapshot cannot be written. */
async function manySegments(increments = 60, files = new MemoryFiles(), id = 'id'): Promise<MemoryFiles> {
  files.before = async (operation) => {
    if (operation.startsWith('create counters.json.tmp')) throw new Error('ENOSPC');
  };
  const sim = await SimDiskStore.begin(files, { minLogBytes });
  for (let at = 0; at < increments; at++) await sim.run(sim.add('likes', 1, `${id}-${at}`));
  sim.end();
  files.before = () => Promise.resolve();
  return files;
}

test('the log continues in a new segment long before a snapshot allows to cut it', async () => {
  const files = await manySegments();
  const segments = files.names().filter((name) => name.endsWith('.log'));
  expect(segments.length).toBeGreaterThan(2);
  for (const name of segments) expect(files.bytes(name).length).toBeLessThan(2300);
  const sim = await SimDiskStore.begin(files.crash(nothing), { minLogBytes });
  expect(sim.value('likes')).toBe(60);
  expect(await sim.run(sim.add('likes', 1, 'id-0'))).toBe(1);
});

test('segments that a snapshot covers are removed, and those that began while it was written are not', async () => {
  const sim = await SimDiskStore.begin(await manySegments(), { minLogBytes });
  const release = sim.files.hold('sync counters.json.tmp');
  await sim.pass(1000);
  for (let at = 60; at < 100; at++) await sim.run(sim.add('likes', 1));
  release();
  await sim.pass(30);
  const next = await SimDiskStore.begin(sim.files.crash(nothing), { minLogBytes });
  expect(next.value('likes')).toBe(100);
  expect(next.files.names()).not.toContain(FIRST);
  expect(await next.run(next.add('likes', 1, 'id-0'))).toBe(1);
});

test('the log of many retried batches is bounded by what of their answers is live', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles(), { minLogBytes, limits: { windowMs: 5000 } });
  const batch = Array.from({ length: 400 }, () => ({ key: 'h', amount: 1 }));
  await sim.run(sim.add('h', 2 ** 40));
  let most = 0;
  for (let at = 0; at < 300; at++) {
    await sim.run(sim.addAll(batch, `batch-${at}`));
    await sim.pass(100);
    most = Math.max(most, sim.store.statistics.logBytes);
  }
  // Some fifty records are live, of a hundred bytes and the fingerprint of the test; one value of each batch is kept.
  const live = 51 * (100 + JSON.stringify(batch).length);
  expect(most).toBeLessThan(4 * live);
});

describe('a segment is refused, with what to do,', () => {
  let files = new MemoryFiles();
  let other = new MemoryFiles();

  beforeAll(async () => {
    files = await manySegments();
    other = await manySegments();
  });

  /** The message of a directory that does not open, and is as it was. */
  const messageOf = async (broken: MemoryFiles): Promise<string> => {
    const before = broken.contents();
    const found = await look(broken);
    expect(broken.contents()).toEqual(before);
    return found instanceof Error ? found.message : 'it opens';
  };

  test.each([
    ['the oldest', FIRST],
    ['one in the middle', SECOND],
  ])('if %s is that of another directory', async (_, name) => {
    const broken = files.clone();
    broken.put(name, other.bytes(name));
    expect(await messageOf(broken)).toMatch(
      new RegExp(
        `^${FIRST} and ${SECOND} do not belong together: .* of another data directory.* Put back the file`,
      ),
    );
  });

  test('if the newest is that of another directory', async () => {
    const newest = files.names().at(-1) ?? '';
    const broken = files.clone();
    broken.put(newest, other.bytes(newest));
    expect(await messageOf(broken)).toContain('do not belong together');
  });

  test('if it is one of the same directory from another time', async () => {
    // Two servers go on from copies of one directory.
    const one = await manySegments(40, files.copy(), 'one');
    const two = await manySegments(60, files.copy(), 'two');
    const name = one.names().at(-2) ?? '';
    const broken = one.clone();
    broken.put(name, two.bytes(name));
    expect(await messageOf(broken)).toMatch('of another time');
  });

  test('if a record of it has been taken out', async () => {
    const broken = files.clone();
    const lines = broken.bytes(SECOND).toString().split('\n');
    broken.put(SECOND, Buffer.from(lines.toSpliced(5, 1).join('\n')));
    expect(await messageOf(broken)).toContain(`${SECOND} and ${THIRD} do not belong together`);
  });

  test('if it is one that the version before has written elsewhere', async () => {
    const broken = files.clone();
    broken.put(FIRST, copyOf('lone').bytes(FIRST));
    expect(await messageOf(broken)).toContain(`${FIRST} and ${SECOND} do not belong together`);
  });

  test('if it takes the place of one that the version before has written', async () => {
    const broken = copyOf('lone');
    broken.put(FIRST, files.bytes(FIRST));
    expect(await messageOf(broken)).toContain(`${FIRST} and ${SECOND} do not belong together`);
  });

  test('if the log of the version before that it continues has been changed', async () => {
    const sim = await SimDiskStore.begin(copyOf('lone'));
    sim.end();
    const broken = sim.files.clone();
    const lines = broken.bytes(SECOND).toString().split('\n');
    broken.put(SECOND, Buffer.from(lines.toSpliced(2, 1).join('\n')));
    expect(await messageOf(broken)).toContain(`${SECOND} and ${THIRD} do not belong together`);
  });
});

test('a directory that was copied again and again opens, and has everything', async () => {
  let files = await manySegments(20);
  for (let copy = 1; copy <= 4; copy++) files = await manySegments(20, files.copy(), `copy-${copy}`);
  const sim = await SimDiskStore.begin(files, { minLogBytes });
  expect(sim.value('likes')).toBe(100);
});

test('a server that is killed again and again while it cuts the log makes headway, and the log does not grow', async () => {
  const limits = { maxIdempotencyRecords: 20_000 };
  const first = await SimDiskStore.begin(new MemoryFiles(), { minLogBytes, limits });
  first.files.before = async (operation) => {
    if (operation.startsWith('create counters.json.tmp')) throw new DiskError('ENOSPC');
  };
  for (let chunk = 0; chunk < 20; chunk++) {
    const ids = Array.from({ length: 1000 }, (_, at) => `id-${1000 * chunk + at}`);
    await first.run(Promise.all(ids.map((id) => first.add('likes', 1, id))));
  }
  const bytes = first.store.statistics.logBytes;
  let { files } = first;
  first.end();
  for (let kill = 0; kill < 30; kill++) {
    const sim = await SimDiskStore.begin(files.clone(), { minLogBytes, limits });
    sim.files.before = () => new Promise<void>((resolve) => sim.clock.after(10, resolve));
    // Time for the snapshot, and for few of twenty segments after it.
    await sim.pass(750);
    expect(sim.store.statistics.logBytes).toBeLessThan(3 * bytes);
    sim.end();
    files = sim.files;
  }
  const last = await SimDiskStore.begin(files.crash(nothing), { minLogBytes, limits });
  expect(last.store.statistics.idempotencyRecords).toBe(20_000);
  expect(await last.run(last.add('likes', 1, 'id-0'))).toBe(1);
});
