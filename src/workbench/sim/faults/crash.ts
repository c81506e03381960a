/**
 * The faults `kill` and `pause`: nodes crash and are restarted, or stop and go on.
 */
import { below, shuffled } from '../random.ts';
import type { FaultContext, FaultKind, NodeControl } from './fault.ts';

/** Returns one node in at least half of the cases, or else any number of them. */
function victims({ random, nodeIds }: FaultContext): string[] {
  const count = random.next() < 0.5 ? 1 : 1 + below(random, nodeIds.length);
  return shuffled(random, nodeIds).slice(0, count);
}

/** A fault that does something to random nodes when it begins and undoes it when it ends. */
const afflict =
  (done: string, begin: keyof NodeControl, undo: keyof NodeControl): FaultKind =>
  (context) => {
    const afflicted = victims(context);
    for (const nodeId of afflicted) context.nodes[begin](nodeId);
    return {
      description: `${afflicted.join(' ')} ${done}`,
      end: () => {
        for (const nodeId of afflicted) context.nodes[undo](nodeId);
      },
    };
  };

/** Kills nodes and restarts them when it ends. */
export const kill = afflict('killed', 'kill', 'restart');

/** Suspends nodes and resumes them when it ends. */
export const pause = afflict('paused', 'pause', 'resume');
