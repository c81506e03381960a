/**
 * Watches counters, over any number of connections, and never misses the last value of one. The event that came last is named
 * when the stream is opened again, and what happened since follows. Where a server no longer knows that, it says `reset`, and
 * then all counters are read; from the same server, as another one of a cluster may not have them yet.
 */
import { CounterError } from './counter-error.ts';
import { answerFrom, backoffMs } from './endpoint.ts';
import { eventsFrom } from './event-stream.ts';
import { type Counter, counterFrom } from './json.ts';
import type { Pool } from './pool.ts';
import { pages } from './reader.ts';

/** A server sends something every 15 s. What is silent for longer is dead. */
const SILENCE_MS = 40_000;

/** Yields counters as they are, and again when they change. Throws a CounterError if it is refused, or the signal's reason. */
export async function* watchCounters(
  pool: Pool,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<Counter, void, void> {
  const closing = pool.closing.signal;
  const stop = AbortSignal.any(signal === undefined ? [closing] : [closing, signal]);
  const { endpoints } = pool;
  let [endpoint] = pool.inTurn;
  let lastEventId = '';
  for (let failures = 1; endpoint !== undefined && !stop.aborted; failures++) {
    const end = new AbortController();
    const ended = AbortSignal.any([stop, end.signal]);
    const within = async <T>(work: Promise<T>): Promise<T> => {
      const cancel = pool.platform.after(SILENCE_MS, () => end.abort());
      return work.finally(cancel);
    };
    try {
      const headers = lastEventId === '' ? {} : { 'last-event-id': lastEventId };
      const query = new URLSearchParams({ prefix });
      const response = await within(endpoint.open(`/counters/watch?${query}`, { headers, signal: ended }));
      if (response.status === 200 && response.body !== null) {
        for await (const { type, id, data } of eventsFrom(response.body, within)) {
          failures = 0;
          if (type === 'reset') {
            lastEventId = '';
            yield* pages(pool, prefix, ended, [endpoint]);
          } else yield counterFrom(JSON.parse(data));
          lastEventId = id;
        }
      } else {
        const answer = answerFrom(response, await within(response.text()));
        if (answer.is === 'refused') throw answer.error;
        await pool.sleep(answer.retryAfterMs, stop);
      }
    } catch (error) {
      if (error instanceof CounterError && error.code !== 'unavailable') throw error;
    } finally {
      end.abort();
    }
    await pool.sleep(backoffMs(pool.platform, Math.max(1, failures)), stop);
    // What happened since the last event only the same server knows, so it has a second chance.
    if (failures > 1) endpoint = endpoints[(endpoints.indexOf(endpoint) + 1) % endpoints.length];
  }
  signal?.throwIfAborted();
}
