import type { Operation } from '../nodes/history.ts';
import type { TimeWindow } from './input.ts';
import { roundStep } from './scale.ts';

/** The run cut into stretches of equal and round length. */
export interface Buckets {
  readonly widthMs: number;
  /** What completed in each stretch, empty ones included. */
  readonly contents: readonly (readonly Operation[])[];
  /** When each stretch began. */
  readonly startMs: (bucket: number) => number;
}

/** At most about `count` stretches, from the beginning of the window on. */
export function bucketed(
  operations: readonly Operation[],
  { fromMs, toMs }: TimeWindow,
  count: number,
): Buckets {
  const widthMs = roundStep((toMs - fromMs) / count);
  const contents: Operation[][] = Array.from(
    { length: Math.max(1, Math.ceil((toMs - fromMs) / widthMs)) },
    () => [],
  );
  for (const operation of operations) {
    const bucket = Math.floor((operation.completed.timeMs - fromMs) / widthMs);
    contents[Math.max(0, Math.min(contents.length - 1, bucket))]?.push(operation);
  }
  return { widthMs, contents, startMs: (bucket) => fromMs + bucket * widthMs };
}
