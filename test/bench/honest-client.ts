/** A client that increments a counter again 5 ms after each answer, and notes how long the answers take. */
import { setTimeout as pass } from 'node:timers/promises';
import { Connection, requestText } from '../support/connection.ts';
import type { Server } from './server-process.ts';

const SECONDS = 10;
const PAUSE_MS = 5;

const increment = requestText('POST', '/counter/incr/honest', {}, '{"amount":1}');

/** How long increments take in the next seconds: the p99, and the longest. */
export async function increments({ port }: Server, seconds = SECONDS): Promise<string> {
  const connection = await Connection.open(port);
  const latenciesMs: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    const { status } = await connection.ask(increment);
    if (status !== 200) throw new Error(`an increment got ${status}`);
    latenciesMs.push(performance.now() - startMs);
    await pass(PAUSE_MS);
  }
  connection.close();
  const sorted = Float64Array.from(latenciesMs).toSorted();
  const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? NaN;
  return `${p99Ms.toFixed(1)} ms, ${(sorted.at(-1) ?? NaN).toFixed(1)} ms`;
}
