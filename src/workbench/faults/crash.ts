import { below, shuffled } from '../random.ts';
import type { FaultContext, FaultKind } from './fault.ts';

/** One node, more often than not, up to all. */
function victims({ random, nodeIds }: FaultContext): string[] {
  const count = random.next() < 0.5 ? 1 : 1 + below(random, nodeIds.length);
  return shuffled(random, nodeIds).slice(0, count);
}

/** Kills nodes, and starts them again when it ends. */
export const kill: FaultKind = (context) => {
  const killed = victims(context);
  for (const nodeId of killed) context.nodes.kill(nodeId);
  return {
    description: `${killed.join(' ')} killed`,
    end: () => {
      for (const nodeId of killed) context.nodes.restart(nodeId);
    },
  };
};

/** Stops nodes in their tracks, and lets them go on when it ends. */
export const pause: FaultKind = (context) => {
  const paused = victims(context);
  for (const nodeId of paused) context.nodes.pause(nodeId);
  return {
    description: `${paused.join(' ')} paused`,
    end: () => {
      for (const nodeId of paused) context.nodes.resume(nodeId);
    },
  };
};
