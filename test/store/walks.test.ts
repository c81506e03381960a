/** Walks through all counters: one at a time, shared by those who wait for the same. */
import { expect, test } from 'vitest';
import { ApiError } from '../../src/store/api-error.ts';
import { MAX_WALKS, Walks } from '../../src/store/walks.ts';

/** Walks that end when the test says so. */
class Site {
  readonly walks = new Walks<number>();
  /** The names of those that have begun. */
  readonly begun: string[] = [];
  #end: (found: number | Error) => void = () => {};

  readonly share = (name: string): Promise<number> =>
    this.walks.share(name, () => {
      this.begun.push(name);
      return new Promise((resolve, reject) => {
        this.#end = (found) => (typeof found === 'number' ? resolve(found) : reject(found));
      });
    });

  /** Ends the walk that is under way, and lets the next begin. */
  async end(found: number | Error): Promise<void> {
    this.#end(found);
    await settled();
  }
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test('one is under way at a time, and those that wait for the same share the next', async () => {
  const site = new Site();
  const first = site.share('a');
  await settled();
  const shared = [site.share('a'), site.share('b'), site.share('a')];
  await settled();
  expect(site.begun).toEqual(['a']);
  await site.end(1);
  expect(await first).toBe(1);
  expect(site.begun).toEqual(['a', 'a']);
  await site.end(2);
  await site.end(3);
  expect(await Promise.all(shared)).toEqual([2, 3, 2]);
  expect(site.begun).toEqual(['a', 'a', 'b']);
});

test('one that fails fails for all who share it, and the next begins', async () => {
  const site = new Site();
  const failing = Promise.allSettled([site.share('a'), site.share('a')]);
  await settled();
  const next = site.share('a');
  await site.end(new Error('no answer'));
  expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await site.end(4);
  expect(await next).toBe(4);
});

test('so many different ones can wait; more are refused, but not those that share', async () => {
  const site = new Site();
  void site.share('first');
  await settled();
  for (let n = 0; n < MAX_WALKS; n++) void site.share(`${n}`);
  const code = await site
    .share('one more')
    .catch((error: unknown) => error instanceof ApiError && error.code);
  expect(code).toBe('too_many_requests');
  const shared = site.share('7');
  for (let n = -1; n < MAX_WALKS; n++) await site.end(n);
  expect(await shared).toBe(7);
});
