/**
 * Maelstrom's service `lww-kv`: two replicas, each with a Lamport clock, where the last write wins. Each request is served
 * by a random replica, after one has been merged into another at random. So a read may miss what was acknowledged, and an
 * acknowledged write may be lost.
 */
import type { Body, OutgoingBody } from '../../maelstrom/message.ts';
import type { Random } from '../../runtime/random.ts';
import { below } from '../sim/random.ts';
import { type Service, isEqual, keyError, mapKey } from './kv-service.ts';

const REPLICAS = 2;

interface Written {
  readonly value: unknown;
  readonly time: number;
}

interface Replica {
  /** The time of the next write. */
  readonly time: number;
  readonly written: ReadonlyMap<unknown, Written>;
}

export class LastWriteWinsKv implements Service {
  readonly #random: Random;
  readonly #replicas: Replica[] = Array.from({ length: REPLICAS }, () => ({ time: 0, written: new Map() }));

  constructor(random: Random) {
    this.#random = random;
  }

  handle(_client: string, request: Body): OutgoingBody | undefined {
    const [source, target] = [this.#draw(), this.#draw()];
    this.#replicas[target] = merge(this.#at(source), this.#at(target));
    const serving = this.#draw();
    const replica = this.#at(serving);
    const key = mapKey(request['key']);
    const found = replica.written.get(key);
    const write = (value: unknown): void => {
      const written = new Map(replica.written).set(key, { value, time: replica.time });
      this.#replicas[serving] = { time: replica.time + 1, written };
    };
    switch (request['type']) {
      case 'read':
        return found === undefined ? keyError.missing() : { type: 'read_ok', value: found.value };
      case 'write':
        write(request['value']);
        return { type: 'write_ok' };
      case 'cas':
        // Unlike the other services, this one creates no key.
        if (found === undefined) return keyError.missing();
        if (!isEqual(found.value, request['from'])) return keyError.different(found.value, request['from']);
        write(request['to']);
        return { type: 'cas_ok' };
      default:
        return undefined;
    }
  }

  #draw(): number {
    return below(this.#random, REPLICAS);
  }

  #at(index: number): Replica {
    const replica = this.#replicas[index];
    if (replica === undefined) throw new Error(`no replica ${index}`);
    return replica;
  }
}

/** For each key, what was written last, or of two at the same time that of `source`. */
function merge(source: Replica, target: Replica): Replica {
  const written = new Map(target.written);
  for (const [key, theirs] of source.written) {
    const ours = written.get(key);
    if (ours === undefined || ours.time <= theirs.time) written.set(key, theirs);
  }
  return { time: Math.max(source.time, target.time), written };
}
