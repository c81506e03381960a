import { below, shuffled } from '../random.ts';
import type { FaultContext, FaultKind, NodeControl } from './fault.ts';

/** One node, more often than not, up to all. */
function victims({ random, nodeIds }: FaultContext): string[] {
  const count = random.next() < 0.5 ? 1 : 1 + below(random, nodeIds.length);
  return shuffled(random, nodeIds).slice(0, count);
}

/** Does something to random nodes, and undoes it when it ends. */
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

/** Kills nodes, and starts them again when it ends. */
export const kill = afflict('killed', 'kill', 'restart');

/** Stops nodes in their tracks, and lets them go on when it ends. */
export const pause = afflict('paused', 'pause', 'resume');
