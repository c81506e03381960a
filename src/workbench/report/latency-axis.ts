import type { Operation } from '../nodes/history.ts';
import { type Interval, type Scale, linear, logarithmic } from './scale.ts';

export const latencyCaption = 'latency, ms';

export const latencyOf = ({ invoked, completed }: Operation): number => completed.timeMs - invoked.timeMs;

/** Latencies further apart than this do not fit on a linear axis. */
const WIDE = 30;

/** Logarithmic if the slowest took much longer than most, as in almost every run with faults. */
export function latencyScale(latenciesMs: readonly number[], range: Interval): Scale {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const max = sorted.at(-1) ?? 0;
  const low = sorted.find((latency) => latency > 0) ?? 0;
  const typical = sorted[sorted.length >> 1] ?? 0;
  if (max <= WIDE * typical || low === 0) return linear([0, Math.max(1, max * 1.05)], range, 5);
  return logarithmic([Math.max(0.1, low * 0.9), max * 1.2], range);
}
