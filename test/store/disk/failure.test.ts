/** A disk that fails or is full, at any moment: what was acknowledged stays, and nothing else is said to be stored. */
import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../src/store/api-error.ts';
import { streams, below } from '../../../src/workbench/sim/random.ts';
import { Life } from '../../support/disk-store-process.ts';
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
  const broken = async (): Promise<{ life: Life; answers: unknown[] }> => {
    const life = await Life.begin(new MemoryFiles());
    await life.run(life.add('likes', 1, 'once'));
    const release = life.files.hold(operation);
    life.files.fail(operation, error);
    const storing = life.add('likes', 2, 'twice');
    await life.pass(1);
    const gathered = [life.add('likes', 4), life.merge('views', { 'node-2': 1 })];
    release();
    return { life, answers: await life.run(Promise.all([storing, ...gathered])) };
  };

  test('nobody knows of what was being stored, and what waited is not stored', async () => {
    const { answers } = await broken();
    expect(answers).toEqual(['unknown_outcome', 'read_only', 'read_only']);
  });

  test('reads give what is stored, and nothing more is taken', async () => {
    const { life } = await broken();
    expect([life.value('likes'), life.value('views')]).toEqual([1, 0]);
    const requests = [life.add('likes'), life.merge('likes', { 'node-2': 9 }), life.add('views', 1, 'id')];
    expect(await life.run(Promise.all(requests))).toEqual(['read_only', 'read_only', 'read_only']);
    expect(life.value('likes')).toBe(1);
  });

  test('an answer that is stored is still given, and a merge that says nothing new as well', async () => {
    const { life } = await broken();
    expect(await life.run(life.add('likes', 1, 'once'))).toBe(1);
    expect(await life.run(life.merge('likes', { 'node-1': 1 }))).toBe(1);
  });

  test('the store says so once, and neither touches the log again nor replaces the snapshot', async () => {
    const { life } = await broken();
    expect(life.failures).toEqual([error]);
    expect(life.store.failure).toMatchObject({ status: 503, code: 'read_only' });
    const contents = life.files.contents();
    await life.pass(10_000);
    await life.run(life.store.close());
    expect(life.files.contents()).toMatchObject(contents);
    expect(life.files.names()).not.toContain('counters.json');
    expect(life.failures).toHaveLength(1);
  });

  test.each([
    ['everything', everything],
    ['nothing', nothing],
  ])('a retry after a restart that left %s counts once', async (__, choose) => {
    const { life } = await broken();
    const next = await Life.begin(life.files.crash(choose));
    expect(await next.run(next.add('likes', 2, 'twice'))).toBe(3);
    expect(next.value('likes')).toBe(3);
  });
});

test('a refusal of a broken disk is a 503', async () => {
  const life = await Life.begin(new MemoryFiles());
  life.files.fail('sync', new DiskError('EIO'));
  const errors = [
    life.store.increment([{ key: 'likes', amount: 1 }]),
    life.pass(1).then(() => life.store.merge('likes', new Map([['b', 1]]))),
  ];
  const refusals = await life.run(Promise.allSettled(errors));
  expect(refusals).toEqual([
    { status: 'rejected', reason: expect.objectContaining({ status: 503, code: 'unknown_outcome' }) },
    { status: 'rejected', reason: expect.objectContaining({ status: 503, code: 'read_only' }) },
  ]);
  expect(
    refusals.every((refusal) => refusal.status === 'rejected' && refusal.reason instanceof ApiError),
  ).toBe(true);
});

test.each([
  'create counters.json.tmp',
  'append counters.json.tmp',
  'sync counters.json.tmp',
  'rename',
  'syncDirectory',
])(
  'where a snapshot fails at its %s, the store is read-only and what was being stored is acknowledged',
  async (operation) => {
    const life = await Life.begin(new MemoryFiles());
    await life.run(life.add('likes', 1));
    const release = life.files.hold(operation);
    life.files.fail(operation, new DiskError('EIO'));
    await life.pass(600);
    const held = life.files.hold(`sync ${LOG}`);
    const storing = life.add('likes', 2);
    await life.pass(1);
    const gathered = life.add('likes', 4);
    release();
    await life.pass(1);
    held();
    expect(await life.run(Promise.all([storing, gathered]))).toEqual([3, 'read_only']);
    expect(life.value('likes')).toBe(3);
    expect((await Life.begin(life.files.crash(nothing))).value('likes')).toBe(3);
  },
);

/** A directory that a scripted life goes through everything with: older segments to remove, answers to carry on. */
async function directory(): Promise<MemoryFiles> {
  const life = await Life.begin(new MemoryFiles());
  await life.run(life.add('likes', 1, 'first'));
  await life.pass(1000);
  await life.run(life.add('likes', 2));
  life.end();
  return life.files.copy();
}

interface Ran {
  /** What was acknowledged, as bits of the value of `likes`, and what was asked for. */
  readonly acknowledged: number;
  readonly asked: number;
  readonly refused: readonly string[];
  readonly life: Life | undefined;
}

/** Opens and uses a store, as far as the disk goes along. */
async function script(files: MemoryFiles): Promise<Ran> {
  let acknowledged = 3;
  let asked = 3;
  const refused: string[] = [];
  const opened = await Life.begin(files).catch((error: unknown) => error);
  if (!(opened instanceof Life)) return { acknowledged, asked, refused: [String(opened)], life: undefined };
  const life = opened;
  const add = async (amount: number, id?: string): Promise<void> => {
    asked += amount;
    const answer = await life.add('likes', amount, id);
    if (typeof answer === 'number') acknowledged += amount;
    else refused.push(answer);
  };
  await life.run(Promise.all([add(4), add(8, 'a')]));
  await life.run(Promise.all([add(16), life.merge('views', { 'node-2': 1 })]));
  await life.pass(1000);
  await life.run(add(32, 'b'));
  await life.run(life.merge('views', { 'node-1~2': 5 }));
  await life.run(add(64));
  await life.pass(1000);
  await life.run(add(128));
  await life.run(life.store.close());
  return { acknowledged, asked, refused, life };
}

const errors = [
  new DiskError('EIO'),
  new DiskError('ENOSPC'),
  new DiskError('ENOSPC', 1),
  new DiskError('ENOSPC', 90),
];

test('whichever operation fails, what was acknowledged is there after a restart and nothing is counted twice', async () => {
  const start = await directory();
  const whole = start.clone();
  expect(await script(whole)).toMatchObject({ acknowledged: 255, asked: 255, refused: [] });
  const random = streams(1)('crashes');
  const codes = new Set<string>();
  for (const error of errors) {
    for (let nth = 1; nth <= whole.operations.length; nth++) {
      const files = start.clone();
      files.fail('', error, nth);
      const { acknowledged, asked, refused, life } = await script(files);
      for (const code of refused) codes.add(code);
      expect(life?.value('likes') ?? acknowledged).toBe(acknowledged);
      const left = [
        files.clone(),
        ...[nothing, everything, (bound: number) => below(random, bound)].map((choose) =>
          files.crash(choose),
        ),
      ];
      for (const remains of left) {
        const value = (await Life.begin(remains)).value('likes');
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
