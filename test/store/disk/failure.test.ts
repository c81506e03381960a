/** A disk that fails or is full, at any moment: what was acknowledged stays, and nothing else is said to be stored. */
import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../src/store/api-error.ts';
import { streams, below } from '../../../src/workbench/sim/random.ts';
import { parseJson } from '../../../src/runtime/json.ts';
import { SimDiskStore } from '../../support/sim-disk-store.ts';
import { DiskError, MemoryFiles, everything, nothing } from '../../support/memory-files.ts';

const LOG = 'counters-000001.log';

/** How each operation can fail. */
const failures: Record<string, [operation: string, error: DiskError]> = {
  'an append that fails': [`append ${LOG}`, new DiskError('EIO')],
  'an append to a full disk': [`append ${LOG}`, new DiskError('ENOSPC')],
  'an append that a full disk takes a part of': [`append ${LOG}`, new DiskError('ENOSPC', 30)],
  'a sync that fails': [`sync ${LOG}`, new DiskError('EIO')],
};

describe.each(Object.entries(failures))('after %s', (_, [operation, error]) => {
  const broken = async (): Promise<{ sim: SimDiskStore; answers: unknown[] }> => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 1, 'once'));
    const release = sim.files.hold(operation);
    sim.files.fail(operation, error);
    const committing = sim.add('likes', 2, 'twice');
    await sim.pass(1);
    const open = [sim.add('likes', 4), sim.merge('views', { 'node-2': 1 })];
    release();
    return { sim, answers: await sim.run(Promise.all([committing, ...open])) };
  };

  test('the outcome of the committing batch is unknown, and the open batch is rejected', async () => {
    const { answers } = await broken();
    expect(answers).toEqual(['unknown_outcome', 'read_only', 'read_only']);
  });

  test('reads show what is on the disk, and writes are rejected', async () => {
    const { sim } = await broken();
    expect([sim.value('likes'), sim.value('views')]).toEqual([1, 0]);
    const requests = [sim.add('likes'), sim.merge('likes', { 'node-2': 9 }), sim.add('views', 1, 'id')];
    expect(await sim.run(Promise.all(requests))).toEqual(['read_only', 'read_only', 'read_only']);
    expect(sim.value('likes')).toBe(1);
  });

  test('retries and merges that bring nothing new still succeed', async () => {
    const { sim } = await broken();
    expect(await sim.run(sim.add('likes', 1, 'once'))).toBe(1);
    expect(await sim.run(sim.merge('likes', { 'node-1': 1 }))).toBe(1);
  });

  test('the store reports it once, and touches neither the log nor the snapshot again', async () => {
    const { sim } = await broken();
    expect(sim.failures).toEqual([error]);
    expect(sim.store.failure).toMatchObject({ code: 'read_only' });
    const contents = sim.files.contents();
    await sim.pass(10_000);
    await sim.run(sim.store.close());
    expect(sim.files.contents()).toMatchObject(contents);
    expect(sim.files.names()).not.toContain('counters.json');
    expect(sim.failures).toHaveLength(1);
  });

  test.each([
    ['everything', everything],
    ['nothing', nothing],
  ])('a retry after a restart that left %s is counted once', async (__, choose) => {
    const { sim } = await broken();
    const next = await SimDiskStore.begin(sim.files.crash(choose));
    expect(await next.run(next.add('likes', 2, 'twice'))).toBe(3);
    expect(next.value('likes')).toBe(3);
  });
});

test('after a failed write the outcome is unknown, and then the store is read-only', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  sim.files.fail('sync', new DiskError('EIO'));
  const errors = [
    sim.store.increment([{ key: 'likes', amount: 1 }]),
    sim.pass(1).then(() => sim.store.merge('likes', new Map([['b', 1]]))),
  ];
  const results = await sim.run(Promise.allSettled(errors));
  expect(results).toEqual([
    { status: 'rejected', reason: expect.objectContaining({ code: 'unknown_outcome' }) },
    { status: 'rejected', reason: expect.objectContaining({ code: 'read_only' }) },
  ]);
  expect(results.every((result) => result.status === 'rejected' && result.reason instanceof ApiError)).toBe(
    true,
  );
});

describe('a snapshot that fails', () => {
  const causes = [
    new DiskError('EMFILE'),
    new DiskError('ENFILE'),
    new DiskError('ENOSPC', 7),
    new DiskError('EDQUOT'),
    new DiskError('EIO'),
  ];
  const stages = [
    'create counters.json.tmp',
    'append counters.json.tmp',
    'sync counters.json.tmp',
    'rename',
    'syncDirectory',
    'remove counters-000001.log',
    'create counters-000002.log',
    'append counters-000002.log',
    'sync counters-000002.log',
  ];
  /** A log of this length is cut. */
  const minLogBytes = 2000;
  const ALL = 2 ** 40 - 1;

  test.each(stages.flatMap((stage) => causes.map((cause) => [stage, cause.code, cause] as const)))(
    'at its %s with %s, for as long as it likes, stops no increment, and is written later',
    async (stage, _, cause) => {
      const sim = await SimDiskStore.begin(new MemoryFiles(), { minLogBytes });
      const { before } = sim.files;
      let isFailing = true;
      let hits = 0;
      let asked = 0;
      sim.files.before = async (operation) => {
        await before(operation);
        if (!isFailing || !operation.startsWith(stage)) return;
        hits++;
        throw cause;
      };
      const all: unknown[] = [];
      for (; asked < 40; asked++) {
        all.push(await sim.run(sim.add('likes', 2 ** asked, `id-${asked}`)));
        if (asked === 30) isFailing = false;
        await sim.pass(700);
        const next = await SimDiskStore.begin(sim.files.crash(nothing), { minLogBytes });
        expect(next.value('likes')).toBe(2 ** (asked + 1) - 1);
        expect(await next.run(next.add('likes', 1, 'id-0'))).toBe(1);
        next.end();
      }
      expect(all).toEqual(all.map((__, at) => 2 ** (at + 1) - 1));
      expect(hits).toBeGreaterThan(0);
      await sim.pass(60_000);
      expect(sim.failures).toEqual([]);
      expect(sim.store.failure).toBeUndefined();
      expect(sim.warnings).toEqual([
        expect.stringContaining(`counters.json cannot be written (${cause.code}`),
        'counters.json can be written again',
      ]);
      expect(parseJson(sim.files.bytes('counters.json').toString())).toEqual({ likes: { 'node-1': ALL } });
      expect(sim.files.names()).not.toContain('counters-000001.log');
    },
  );

  test('is attempted rarely when it has failed often', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    let attempts = 0;
    sim.files.before = async (operation) => {
      if (!operation.startsWith('create counters.json.tmp')) return;
      attempts++;
      throw new DiskError('EMFILE');
    };
    for (let second = 0; second < 600; second++) {
      await sim.run(sim.add('likes'));
      await sim.pass(1000);
    }
    expect(attempts).toBeLessThan(30);
    expect(sim.warnings).toHaveLength(1);
  });

  test('when the store is closed is said, and the log has everything', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 5));
    sim.files.fail('create counters.json.tmp', new DiskError('ENOSPC'));
    await sim.run(sim.store.close());
    expect(sim.warnings).toEqual([expect.stringContaining('ENOSPC')]);
    expect((await SimDiskStore.begin(sim.files.crash(nothing))).value('likes')).toBe(5);
  });
});

/** A directory with which a scripted run goes through everything: older segments to remove, answers to carry on. */
async function directory(): Promise<MemoryFiles> {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  await sim.run(sim.add('likes', 1, 'first'));
  await sim.pass(1000);
  await sim.run(sim.add('likes', 2));
  sim.end();
  return sim.files.copy();
}

interface Ran {
  /** What was acknowledged, as bits of the value of `likes`, and what was asked for. */
  readonly acknowledged: number;
  readonly asked: number;
  readonly refused: readonly string[];
  readonly sim: SimDiskStore | undefined;
}

/** Opens and uses a store, as far as the disk goes along. */
async function script(files: MemoryFiles): Promise<Ran> {
  let acknowledged = 3;
  let asked = 3;
  const refused: string[] = [];
  const opened = await SimDiskStore.begin(files).catch((error: unknown) => error);
  if (!(opened instanceof SimDiskStore))
    return { acknowledged, asked, refused: [String(opened)], sim: undefined };
  const sim = opened;
  const add = async (amount: number, id?: string): Promise<void> => {
    asked += amount;
    const answer = await sim.add('likes', amount, id);
    if (typeof answer === 'number') acknowledged += amount;
    else refused.push(answer);
  };
  await sim.run(Promise.all([add(4), add(8, 'a')]));
  await sim.run(Promise.all([add(16), sim.merge('views', { 'node-2': 1 })]));
  await sim.pass(1000);
  await sim.run(add(32, 'b'));
  await sim.run(sim.merge('views', { 'node-1~2': 5 }));
  await sim.run(add(64));
  await sim.pass(1000);
  await sim.run(add(128));
  await sim.run(sim.store.close());
  return { acknowledged, asked, refused, sim };
}

const errors = [
  new DiskError('EIO'),
  new DiskError('ENOSPC'),
  new DiskError('ENOSPC', 1),
  new DiskError('ENOSPC', 90),
];

test('whichever operation fails, a restart has everything acknowledged and counts nothing twice', async () => {
  const start = await directory();
  const whole = start.clone();
  expect(await script(whole)).toMatchObject({ acknowledged: 255, asked: 255, refused: [] });
  const random = streams(1)('crashes');
  const codes = new Set<string>();
  for (const error of errors) {
    for (let nth = 1; nth <= whole.operations.length; nth++) {
      const files = start.clone();
      files.fail('', error, nth);
      const { acknowledged, asked, refused, sim } = await script(files);
      for (const code of refused) codes.add(code);
      expect(sim?.value('likes') ?? acknowledged).toBe(acknowledged);
      const left = [
        files.clone(),
        ...[nothing, everything, (bound: number) => below(random, bound)].map((choose) =>
          files.crash(choose),
        ),
      ];
      for (const remains of left) {
        const value = (await SimDiskStore.begin(remains)).value('likes');
        expect(value & acknowledged, `operation ${nth}: ${files.operations[nth - 1]}`).toBe(acknowledged);
        expect(value & ~asked).toBe(0);
      }
    }
  }
  expect(codes).toEqual(
    new Set([
      'unknown_outcome',
      'read_only',
      expect.stringContaining('EIO'),
      expect.stringContaining('ENOSPC'),
    ]),
  );
});
