/**
 * Reads counters and pages of counters. A read does no harm, so it is repeated, at any server, for a few seconds.
 */
import { CounterError } from './counter-error.ts';
import { type Endpoint, backoffMs } from './endpoint.ts';
import { type Counter, counterFrom, listFrom, membersOf } from './json.ts';
import type { Pool } from './pool.ts';

const MAX_ATTEMPTS = 8;
const PAGE = 1000;

/** Asks servers for a path, by default all in turn. Rejects with a CounterError, or the signal's reason. */
export async function readJson(
  pool: Pool,
  path: string,
  signal: AbortSignal | undefined,
  endpoints: readonly Endpoint[] = pool.inTurn,
): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    let retryAfterMs = 0;
    let cause: unknown;
    for (const endpoint of endpoints) {
      const answer = await endpoint.ask(path, { signal: signal ?? null });
      signal?.throwIfAborted();
      if (answer.is === 'done') return answer.json;
      if (answer.is === 'refused') throw answer.error;
      ({ retryAfterMs, error: cause } = answer);
    }
    if (attempt === MAX_ATTEMPTS) throw new CounterError('unavailable', 'no server answers', { cause });
    await pool.sleep(Math.max(retryAfterMs, backoffMs(pool.platform, attempt)), signal);
    signal?.throwIfAborted();
  }
}

/** The counters whose keys begin with a prefix, page by page. Throws as readJson rejects. */
export async function* pages(
  pool: Pool,
  prefix: string,
  signal: AbortSignal | undefined,
  endpoints?: readonly Endpoint[],
): AsyncGenerator<Counter, void, void> {
  let cursor: unknown;
  do {
    const query = new URLSearchParams({ prefix, limit: `${PAGE}` });
    if (typeof cursor === 'string') query.set('cursor', cursor);
    const page = membersOf(await readJson(pool, `/counters?${query}`, signal, endpoints));
    for (const counter of listFrom(page['counters'])) yield counterFrom(counter);
    cursor = page['next_cursor'];
  } while (typeof cursor === 'string');
}
