/**
 * The flags that decide how the node counts. `g-counter-workbench simulate` takes them, too, after `--`.
 */
import { counterNodeDefaults, storeNames, workloads } from '../../maelstrom/counter-node.ts';
import { choiceFrom, numberFrom } from '../arguments.ts';

export const nodeOptionSpecs = {
  workload: { type: 'string', default: 'g-counter' },
  store: { type: 'string', default: counterNodeDefaults.storeName },
  'rpc-timeout-ms': { type: 'string', default: `${counterNodeDefaults.retryMs}` },
  'deadline-ms': { type: 'string', default: `${counterNodeDefaults.deadlineMs}` },
} as const;

/** Reads the flags. Throws a UsageError. */
export function nodeOptionsFrom(values: { readonly [flag in keyof typeof nodeOptionSpecs]: string }) {
  return {
    workload: choiceFrom('workload', values.workload, workloads),
    storeName: choiceFrom('store', values.store, storeNames),
    retryMs: numberFrom('rpc-timeout-ms', values['rpc-timeout-ms'], { min: 1 }),
    deadlineMs: numberFrom('deadline-ms', values['deadline-ms'], { min: 1 }),
  };
}
