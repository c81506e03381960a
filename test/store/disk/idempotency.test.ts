import { describe, expect, test } from 'vitest';
import { Life, WINDOW_MS } from '../../support/disk-store-process.ts';
import { MemoryFiles, nothing } from '../../support/memory-files.ts';

const LOG = 'counters-000001.log';

/** The same server after its machine has lost its power. */
const restarted = ({ files, clock }: Life): Promise<Life> => Life.begin(files.crash(nothing), { clock });

describe('an increment that is asked for again under its idempotency key', () => {
  test('gets the same answer, and counts once', async () => {
    const life = await Life.begin(new MemoryFiles());
    expect(await life.run(life.add('likes', 3, 'once'))).toBe(3);
    await life.run(life.add('likes', 1));
    const operations = [...life.files.operations];
    expect(await life.run(life.add('likes', 3, 'once'))).toBe(3);
    expect(life.files.operations).toEqual(operations);
    expect(life.value('likes')).toBe(4);
  });

  test('gets the same answer after a restart, before and after a snapshot', async () => {
    const life = await Life.begin(new MemoryFiles());
    await life.run(life.add('likes', 3, 'once'));
    await life.run(life.add('likes', 1));
    const second = await restarted(life);
    expect(await second.run(second.add('likes', 3, 'once'))).toBe(3);
    await second.pass(1000);
    expect(second.store.statistics.snapshots).toBe(1);
    const third = await restarted(second);
    expect(await third.run(third.add('likes', 3, 'once'))).toBe(3);
    expect(third.value('likes')).toBe(4);
  });

  test.each([
    ['waits', 0],
    ['is being stored', 1],
  ])('while the first %s is answered with it, and not before', async (_, elapsedMs) => {
    const life = await Life.begin(new MemoryFiles());
    const release = life.files.hold(`append ${LOG}`);
    const answers: unknown[] = [];
    const ask = (): Promise<unknown> => life.add('likes', 3, 'once').then((answer) => answers.push(answer));
    const requests = [ask()];
    if (elapsedMs > 0) await life.pass(elapsedMs);
    requests.push(ask(), ask());
    await life.pass(5);
    expect(answers).toEqual([]);
    release();
    await life.run(Promise.all(requests));
    expect([answers, life.value('likes'), life.batches]).toEqual([[3, 3, 3], 3, [1]]);
  });

  test('with another content is refused, stored or not', async () => {
    const life = await Life.begin(new MemoryFiles());
    const release = life.files.hold(`sync ${LOG}`);
    const first = life.add('likes', 3, 'once');
    const others = [life.add('likes', 4, 'once'), life.add('views', 3, 'once')];
    await life.pass(1);
    others.push(life.add('likes', 5, 'once'));
    release();
    expect(await life.run(Promise.all([first, ...others]))).toEqual([
      3,
      ...others.map(() => 'idempotency_key_reused'),
    ]);
    expect(await life.run(life.add('views', 3, 'once'))).toBe('idempotency_key_reused');
    const next = await restarted(life);
    expect(await next.run(next.add('views', 3, 'once'))).toBe('idempotency_key_reused');
    expect([next.value('likes'), next.value('views')]).toEqual([3, 0]);
  });

  test('is another increment when the window has passed', async () => {
    const life = await Life.begin(new MemoryFiles());
    await life.run(life.add('likes', 3, 'once'));
    await life.pass(WINDOW_MS - 1);
    expect(await life.run(life.add('likes', 3, 'once'))).toBe(3);
    await life.pass(1);
    expect(await life.run(life.add('likes', 4, 'once'))).toBe(7);
    expect(await life.run(life.add('likes', 4, 'once'))).toBe(7);
    const next = await restarted(life);
    expect(await next.run(next.add('likes', 4, 'once'))).toBe(7);
  });

  test('is another increment when the window has passed while the server was down', async () => {
    const life = await Life.begin(new MemoryFiles());
    await life.run(life.add('likes', 3, 'once'));
    await life.pass(WINDOW_MS);
    const next = await restarted(life);
    expect(await next.run(next.add('likes', 3, 'once'))).toBe(6);
  });
});

test('a request that was refused is not remembered', async () => {
  const life = await Life.begin(new MemoryFiles(), { limits: { maxCounters: 1 } });
  expect(
    await life.run(
      life.addAll(
        [
          { key: 'a', amount: 1 },
          { key: 'b', amount: 1 },
        ],
        'id',
      ),
    ),
  ).toBe('too_many_counters');
  expect(await life.run(life.add('a', 1, 'id'))).toBe(1);
});

test('an answer and what it is the answer to are on the disk together or not at all', async () => {
  const life = await Life.begin(new MemoryFiles());
  const release = life.files.hold(`sync ${LOG}`);
  const request = life.add('likes', 3, 'once');
  await life.pass(1);
  for (let kept = 0; kept < 150; kept++) {
    const next = await Life.begin(
      life.files.crash((bound) => Math.min(kept, bound - 1)),
      { clock: life.clock },
    );
    expect(await next.run(next.add('likes', 3, 'once'))).toBe(3);
    expect(next.value('likes')).toBe(3);
  }
  release();
  await life.run(request);
});

describe('answers that are remembered', () => {
  const limits = { maxAnswers: 2 };

  test('are no more than there may be, those that wait included', async () => {
    const life = await Life.begin(new MemoryFiles(), { limits });
    const release = life.files.hold(`sync ${LOG}`);
    const first = life.add('likes', 1, 'a');
    await life.pass(1);
    const rest = [life.add('likes', 1, 'b'), life.add('likes', 1, 'c'), life.add('likes', 1)];
    release();
    expect(await life.run(Promise.all([first, ...rest]))).toEqual([1, 2, 'too_many_idempotency_keys', 3]);
    expect(await life.run(life.add('likes', 1, 'c'))).toBe('too_many_idempotency_keys');
    expect(await life.run(life.add('likes', 1, 'a'))).toBe(1);
    expect(life.value('likes')).toBe(3);
  });

  test('make room when their window has passed', async () => {
    const life = await Life.begin(new MemoryFiles(), { limits });
    await life.run(life.add('likes', 1, 'a'));
    await life.pass(10);
    await life.run(life.add('likes', 1, 'b'));
    await life.pass(WINDOW_MS - 10);
    expect(await life.run(Promise.all([life.add('likes', 1, 'c'), life.add('likes', 1, 'd')]))).toEqual([
      3,
      'too_many_idempotency_keys',
    ]);
    expect(life.store.statistics.answers).toBe(2);
  });

  test('are forgotten oldest first, also after a restart and where a key was used again', async () => {
    const life = await Life.begin(new MemoryFiles(), { limits });
    await life.run(life.add('likes', 1, 'a'));
    await life.pass(10);
    await life.run(life.add('likes', 1, 'b'));
    await life.pass(WINDOW_MS - 10);
    expect(await life.run(life.add('likes', 1, 'a'))).toBe(3);
    const next = await Life.begin(life.files.crash(nothing), { clock: life.clock, limits });
    await next.pass(10);
    expect(await next.run(next.add('likes', 1, 'c'))).toBe(4);
    expect(await next.run(next.add('likes', 1, 'a'))).toBe(3);
  });

  test('are as many after a restart', async () => {
    const life = await Life.begin(new MemoryFiles(), { limits });
    await life.run(Promise.all([life.add('likes', 1, 'a'), life.add('likes', 1, 'b')]));
    const next = await Life.begin(life.files.crash(nothing), { clock: life.clock, limits });
    expect(await next.run(next.add('likes', 1, 'c'))).toBe('too_many_idempotency_keys');
    expect(await next.run(next.add('likes', 1, 'b'))).toBe(2);
  });
});
