/**
 * The services of Maelstrom that nodes find on the network.
 */
import type { Body, OutgoingBody } from '../../maelstrom/message.ts';
import type { Streams } from '../sim/random.ts';
import { LinearizableKv, SequentialKv, type Service, type StoreModel } from './kv-service.ts';
import { LastWriteWinsKv } from './lww-kv.ts';

/** Creates the services of one run, by the names under which they are reached. */
export const services = (streams: Streams, storeModel: StoreModel): ReadonlyMap<string, Service> =>
  new Map<string, Service>([
    ['seq-kv', new SequentialKv(streams('seq-kv'), storeModel)],
    ['lin-kv', new LinearizableKv()],
    ['lww-kv', new LastWriteWinsKv(streams('lww-kv'))],
    ['lin-tso', new TimestampOracle()],
  ]);

/** `lin-tso`: hands out the integers from 0 up, each once. */
class TimestampOracle implements Service {
  #next = 0;

  handle(_client: string, request: Body): OutgoingBody | undefined {
    return request['type'] === 'ts' ? { type: 'ts_ok', ts: this.#next++ } : undefined;
  }
}
