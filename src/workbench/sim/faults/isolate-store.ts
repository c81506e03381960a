/**
 * The fault `isolate-store`: some nodes, or all, lose the key-value store: wholly, or so that only requests or only replies
 * are lost. Lost replies leave a node not knowing whether its swap took effect.
 */
import { below, pick, shuffled } from '../random.ts';
import type { FaultKind } from './fault.ts';

/** Whether a name is that of a service, such as seq-kv. */
export const isService = (name: string): boolean => /-(kv|tso)$/.test(name);

export const isolateStore: FaultKind = ({ random, nodeIds }) => {
  const isolated = new Set(shuffled(random, nodeIds).slice(0, 1 + below(random, nodeIds.length)));
  const lost = pick(random, ['requests and answers', 'requests', 'answers']);
  return {
    description: `${[...isolated].join(' ')} without the store: ${lost} are lost`,
    isBlocked: (src, dest) =>
      (lost !== 'answers' && isolated.has(src) && isService(dest)) ||
      (lost !== 'requests' && isService(src) && isolated.has(dest)),
  };
};
