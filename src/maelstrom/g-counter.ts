import { type Counter, CounterError } from '../counter/counter.ts';
import { isTotal } from '../crdt/g-counter.ts';
import { RequestError } from './errors.ts';
import type { Handler, Service } from './node.ts';

/** The requests of Maelstrom's `g-counter` workload, answered by `counter`. */
export function gCounterService(counter: Counter): Service {
  const add: Handler = ({ delta }) => {
    if (!isTotal(delta)) {
      throw new RequestError('malformed-request', 'delta must be an integer from 0 to 2^53 - 1');
    }
    return counter.add(delta).then(() => ({ type: 'add_ok' }), rethrow);
  };
  const read: Handler = () => counter.read().then((value) => ({ type: 'read_ok', value }), rethrow);
  return {
    handlers: new Map([
      ['add', add],
      ['read', read],
    ]),
    close: () => counter.close(),
  };
}

function rethrow(error: unknown): never {
  throw error instanceof CounterError ? new RequestError(error.kind, error.message) : error;
}
