/**
 * What the client promises, as programs that run in Node and in a page: client.test.ts and client.browser.test.ts run them on
 * each kind of servers. Each rejects where its claim does not hold. They share the servers, so each has keys of its own.
 */
import { type Counter, CounterClient, CounterError } from '../../src/client/client.ts';
import { clientOf, countsOnce } from '../support/increments.ts';
import { type Outside, TOKEN } from '../support/outside.ts';

export const scenarios: Readonly<Record<string, (outside: Outside) => Promise<void>>> = {
  'each increment counts once, whatever is lost or comes twice while servers are killed': (outside) =>
    countsOnce(outside, {
      increments: 500,
      kills: 2,
      keys: Array.from({ length: 20 }, (_, n) => `once/${n}`),
      // Few, so that there are many requests.
      atOnce: 15,
    }),

  async 'a value is read, 0 for a key that nobody has incremented'(outside) {
    const client = clientOf(outside);
    same(await client.increment('read/ä b', 2), 2);
    same([await client.read('read/ä b'), await client.read('read/none')], [2, 0]);
    await client.close();
  },

  async 'a list has all counters with a prefix, over all pages, in the order of their keys'(outside) {
    const client = clientOf(outside);
    const keys = Array.from({ length: 1100 }, (_, n) => `list/${String(n).padStart(4, '0')}`);
    await Promise.all(keys.map((key) => client.increment(key)));
    const listed: Counter[] = [];
    for await (const counter of client.list('list/')) listed.push(counter);
    const expected = keys.map((key) => ({ key, value: 1 }));
    same(listed, expected);
    await client.close();
  },

  async 'a watch begins with what there is, and never misses the last value over broken connections'(
    outside,
  ) {
    const client = clientOf(outside);
    await client.increment('watch/before', 7);
    const { values } = follow(client, 'watch/');
    await comes(() => values.get('watch/before') === 7);
    for (let round = 1; round <= 10; round++) {
      await outside.cut();
      await Promise.all(['a', 'b', 'c'].map((key) => client.increment(`watch/${key}`)));
      await client.increment('other');
      // Every other time, the connection breaks while there is something to tell.
      await comes(() => round % 2 === 1 || values.get('watch/a') === round);
    }
    await comes(() => ['a', 'b', 'c'].every((key) => values.get(`watch/${key}`) === 10));
    same(values.has('other'), false);
    await client.close();
  },

  async 'a watch goes on when servers were killed and have counted on without it'(outside) {
    const client = clientOf(outside);
    const { values } = follow(client, 'killed/');
    await client.increment('killed/a');
    await comes(() => values.get('killed/a') === 1);
    for (const [index] of outside.endpoints.entries()) {
      await outside.kill('killed/a');
      await comes(() => values.get('killed/a') === index + 2);
    }
    await client.close();
  },

  async 'a watch ends when the client is closed, and throws the reason when it is aborted'(outside) {
    const client = clientOf(outside);
    await client.increment('end/a');
    const closed = follow(client, 'end/');
    const abort = new AbortController();
    const aborted = follow(client, 'end/', abort.signal);
    await comes(() => closed.values.size === 1 && aborted.values.size === 1);
    abort.abort(new Error('enough'));
    same(await failureOf(aborted.end), 'Error: enough');
    await client.close();
    await closed.end;
  },

  async 'an increment that is aborted before it was sent does not count'(outside) {
    const client = clientOf(outside);
    const abort = new AbortController();
    const counted = client.increment('abort/before');
    const aborted = failureOf(client.increment('abort/before', 10, { signal: abort.signal }));
    abort.abort(new Error('enough'));
    same(await aborted, 'Error: enough');
    same(
      await failureOf(client.increment('abort/before', 10, { signal: AbortSignal.abort(new Error('no')) })),
      'Error: no',
    );
    same(await counted, 1);
    await client.close();
  },

  async 'the outcome of an increment that is aborted after it was sent is unknown'(outside) {
    const abort = new AbortController();
    const client = new CounterClient({
      endpoints: outside.endpoints,
      token: TOKEN,
      fetch: (url, init) => {
        if (init.method === 'POST') abort.abort(new Error('enough'));
        return fetch(url, init);
      },
    });
    same(await failureOf(client.increment('abort/after', 1, { signal: abort.signal })), 'unknown');
    await client.close();
  },

  async 'closing sends what waits, and waits for its outcome'(outside) {
    const client = clientOf(outside);
    const calls = Promise.all([client.increment('close'), client.increment('close', 2)]);
    await client.close();
    same(await calls, [3, 3]);
    same(await failureOf(client.increment('close')), 'closed');
  },

  async 'an endpoint where nobody answers is passed over'(outside) {
    const client = clientOf({ ...outside, endpoints: ['http://127.0.0.1:9', ...outside.endpoints] });
    same([await client.increment('passed'), await client.increment('passed')], [1, 2]);
    same(await client.read('passed'), 2);
    await client.close();
  },

  async 'without the token nothing counts'({ endpoints }) {
    const client = new CounterClient({ endpoints });
    same(await failureOf(client.increment('token')), 'unauthorized');
    same(await client.read('token'), 0);
    await client.close();
  },

  async 'reading and watching throw what the server says'({ endpoints: [endpoint = ''] }) {
    const client = new CounterClient({ endpoints: [`${endpoint}/nowhere`] });
    same(await failureOf(client.read('a')), 'not_found');
    same(await failureOf(follow(client, '').end), 'not_found');
    await client.close();
  },
};

/** What a watch has yielded last, by key. */
function follow(client: CounterClient, prefix: string, signal?: AbortSignal) {
  const values = new Map<string, number>();
  const end = (async () => {
    for await (const { key, value } of client.watch(prefix, signal === undefined ? {} : { signal })) {
      values.set(key, value);
    }
  })();
  return { values, end };
}

/** The code of the CounterError that something rejects with, or what else it is. */
const failureOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    (value) => `resolved with ${JSON.stringify(value)}`,
    (error: unknown) => (error instanceof CounterError ? error.code : String(error)),
  );

/** When a state counts as one that never comes. */
const PATIENCE_MS = 120_000;
const POLL_MS = 20;

/** Resolves when a claim holds. */
async function comes(claim: () => boolean): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  while (!claim()) {
    if (performance.now() > untilMs) throw new Error(`this never comes: ${claim.toString()}`);
    await new Promise((resolve) => void setTimeout(resolve, POLL_MS));
  }
}

function same(actual: unknown, expected: unknown): void {
  const [is, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== wanted) throw new Error(`expected ${wanted}, not ${is}`);
}
