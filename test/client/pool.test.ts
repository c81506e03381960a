/** The waiting of a client between attempts, in virtual time. */
import { expect, test } from 'vitest';
import { Pool } from '../../src/client/pool.ts';
import { VirtualClock } from '../../src/workbench/sim/virtual-clock.ts';
import { FakePlatform } from '../support/fake-server.ts';

test.each<[string, (abort: AbortController, pool: Pool) => void, number]>([
  ['as long as it should', () => {}, 5000],
  [
    'no longer when its signal is aborted',
    (abort, { platform }) => void platform.after(10, () => abort.abort()),
    10,
  ],
  ['no longer when the page goes', (_, pool) => void pool.platform.after(10, () => pool.wake()), 10],
  ['not at all if its signal was aborted before', (abort) => abort.abort(), 0],
])('a wait lasts %s', async (_, happens, durationMs) => {
  const clock = new VirtualClock();
  const pool = new Pool([], undefined, new FakePlatform(clock, []));
  const abort = new AbortController();
  happens(abort, pool);
  await clock.run(pool.sleep(5000, abort.signal));
  expect(clock.nowMs()).toBe(durationMs);
});
