/**
 * What the keys of a service held, and from when on, as its replies tell: a write or a swap that it confirmed took
 * effect when it replied.
 */
import { isEqual, mapKey } from '../nodes/kv-service.ts';
import { type Exchange, type Messages, type Sent, listIn } from './messages.ts';

/** A value that a key got. */
export interface Change {
  readonly key: unknown;
  readonly value: unknown;
  readonly request: Sent;
  readonly reply: Sent;
}

/** Since when an answer was not true any more, and what would have been. */
export interface Outdated {
  readonly since: Change;
  readonly newest: Change;
}

export class StoreHistory {
  readonly #byKey = new Map<unknown, Change[]>();
  readonly #byClient = new Map<string, Change[]>();

  constructor(messages: Messages, service: string) {
    const changes = messages.requestsTo(service).flatMap(changesBy);
    for (const change of changes.toSorted((a, b) => a.reply.id - b.reply.id)) {
      const ofKey = listIn(this.#byKey, mapKey(change.key));
      const last = ofKey.at(-1);
      // Writing what is there already changes nothing.
      if (last !== undefined && isEqual(last.value, change.value)) continue;
      ofKey.push(change);
      listIn(this.#byClient, change.request.src).push(change);
    }
  }

  /** The values of a key, in order. */
  changesOf(key: unknown): readonly Change[] {
    return this.#byKey.get(mapKey(key)) ?? [];
  }

  /** The last change that `client` had made when the service sent `reply`. */
  lastBy(client: string, reply: Sent): Change | undefined {
    return this.#byClient.get(client)?.findLast((change) => change.reply.id < reply.id);
  }

  /**
   * If the key held something else than what `reply` says, returns the change by which that had become outdated; what it
   * held is that of `newest`.
   */
  outdatedBy(key: unknown, reply: Sent): Outdated | undefined {
    const before = this.changesOf(key).filter((change) => change.reply.id < reply.id);
    const newest = before.at(-1);
    const isSame = ({ value }: Change): boolean =>
      reply.body['type'] === 'read_ok' && isEqual(value, reply.body['value']);
    if (newest === undefined || isSame(newest)) return undefined;
    const since = before[before.findLastIndex(isSame) + 1];
    return since && { since, newest };
  }
}

const confirmations = new Map([
  ['write', 'write_ok'],
  ['cas', 'cas_ok'],
]);

function changesBy({ request, replies }: Exchange): Change[] {
  const { type, key, value, to } = request.body;
  const confirmation = confirmations.get(String(type));
  return replies
    .filter(({ body }) => confirmation !== undefined && body['type'] === confirmation)
    .map((reply) => ({ key, value: type === 'cas' ? to : value, request, reply }));
}
