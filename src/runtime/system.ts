/**
 * The real implementation of the ports in this folder: the machine's clock, randomness and stderr. Nothing else in src/
 * may touch them, which is what makes simulation possible.
 */
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { Random } from './random.ts';

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

export const systemRandom: Random = { next: () => Math.random() };

export const stderrLog: Log = (text) => void process.stderr.write(`${text}\n`);

/** The time of day as part of a file name: 20261122T094530.123Z. */
export const timestamp = (): string => timeOfDay().replaceAll(/[-:]/g, '');

/** Runs `task` after pending promises have settled and input that has already arrived has been handled. */
export const afterThisTurn = (task: () => void): void => void setImmediate(task);

/** Runs `task` as soon as pending promises have settled, before any input is handled. */
export const afterPromises = (task: () => void): void => process.nextTick(task);

/** Milliseconds since 1970. Unlike the clock, it has the same meaning on all machines, and can be set back. */
export const wallClockMs = (): number => Date.now();

/** The time of day for people: 2026-11-22T09:45:30.123Z. */
export const timeOfDay = (): string => new Date().toISOString();

/** A time that is written out, such as `Nov 24 19:00:10 2026 GMT`, in milliseconds since 1970. */
export const timeFrom = (text: string): number => Date.parse(text);
