/**
 * What the keys of `seq-kv` held, and from when on, as its replies tell: a write or a swap that it confirmed took effect
 * when it replied, unless it changed nothing. One that changes nothing may be judged by an old state, as a read may.
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

interface Confirmed extends Change {
  /** What a swap expected. */
  readonly from?: unknown;
}

interface Known extends Change {
  /** False if it may have been judged by an old state, which held the same. */
  readonly isCertain: boolean;
}

/** Since when an answer was not true any more, and what would have been. */
export interface Outdated {
  readonly since: Change;
  readonly newest: Change;
}

export class StoreHistory {
  readonly #byKey = new Map<unknown, Known[]>();
  readonly #byClient = new Map<string, Change[]>();

  constructor(messages: Messages, service: string) {
    const confirmed = messages.requestsTo(service).flatMap(confirmedIn);
    for (const { from, ...change } of confirmed.toSorted((a, b) => a.reply.id - b.reply.id)) {
      const ofKey = listIn(this.#byKey, mapKey(change.key));
      const isHeld = ({ value }: Change): boolean => isEqual(value, change.value);
      const last = ofKey.at(-1);
      // Changes nothing: what is there already, or a swap of a value for itself.
      if (last !== undefined && (isHeld(last) || isEqual(from, change.value))) continue;
      const isSwap = change.request.body['type'] === 'cas';
      ofKey.push({ ...change, isCertain: isSwap || !ofKey.some(isHeld) });
      listIn(this.#byClient, change.request.src).push(change);
    }
  }

  /** The last change that `client` had made when the service sent `reply`. */
  lastBy(client: string, reply: Sent): Change | undefined {
    return this.#byClient.get(client)?.findLast((change) => change.reply.id < reply.id);
  }

  /**
   * If the key certainly held something else than what `reply` says, returns the change by which that had become outdated;
   * what it held is that of `newest`.
   */
  outdatedBy(key: unknown, reply: Sent): Outdated | undefined {
    const before = (this.#byKey.get(mapKey(key)) ?? []).filter((change) => change.reply.id < reply.id);
    const newest = before.at(-1);
    const isSame = ({ value }: Change): boolean =>
      reply.body['type'] === 'read_ok' && isEqual(value, reply.body['value']);
    if (newest?.isCertain !== true || isSame(newest)) return undefined;
    const since = before.slice(before.findLastIndex(isSame) + 1).find(({ isCertain }) => isCertain);
    return since && { since, newest };
  }
}

const confirmations = new Map([
  ['write', 'write_ok'],
  ['cas', 'cas_ok'],
]);

function confirmedIn({ request, replies }: Exchange): Confirmed[] {
  const { type, key, value, from, to } = request.body;
  const confirmation = confirmations.get(String(type));
  return replies
    .filter(({ body }) => confirmation !== undefined && body['type'] === confirmation)
    .map((reply) => ({ key, ...(type === 'cas' ? { from, value: to } : { value }), request, reply }));
}
