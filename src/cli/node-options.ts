/** The flags of the node itself, which `simulate` takes after `--` as well. */
import { storeNames } from '../maelstrom/g-counter.ts';
import { choiceFrom, numberFrom } from './arguments.ts';

export const nodeOptionSpecs = {
  store: { type: 'string', default: 'seq-kv' },
  'rpc-timeout-ms': { type: 'string', default: '1000' },
  'deadline-ms': { type: 'string', default: '4000' },
} as const;

export function nodeOptionsFrom(values: { readonly [flag in keyof typeof nodeOptionSpecs]: string }) {
  return {
    storeName: choiceFrom('store', values.store, storeNames),
    retryMs: numberFrom('rpc-timeout-ms', values['rpc-timeout-ms'], { min: 1 }),
    deadlineMs: numberFrom('deadline-ms', values['deadline-ms'], { min: 1 }),
  };
}
