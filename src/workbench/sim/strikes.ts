/**
 * The moments at which a fault does most harm: just when a node has acknowledged, while a change is on its way to the
 * store, when a read has begun to look around, or when a node has only just started. Random times hardly ever meet them,
 * and most failures of real systems need no more than such an order of a few events (Yuan et al., OSDI 2014).
 */
import type { Message } from '../../maelstrom/message.ts';
import { isService } from './faults/isolate-store.ts';
import { isClient } from './network.ts';

/** What a message of a node means to the adversary. */
export type Moment = 'acknowledgement' | 'change' | 'question';

/** All moments. */
export const momentNames: readonly Moment[] = ['acknowledgement', 'change', 'question'];

const moments: Readonly<Record<Moment, (message: Message) => boolean>> = {
  /** A client is told that its request was done. */
  acknowledgement: ({ dest, body }: Message): boolean =>
    isClient(dest) && body['type'] !== 'error' && body['type'] !== 'init_ok',
  /** A change sets out for the store. */
  change: ({ dest, body }: Message): boolean =>
    isService(dest) && (body['type'] === 'cas' || body['type'] === 'write'),
  /** A question sets out for the store, or for another node. */
  question: ({ dest, body }: Message): boolean =>
    isService(dest) ? body['type'] === 'read' : !isClient(dest) && body['in_reply_to'] === undefined,
};

/** A fault that waits for a message. */
export interface Strike {
  /** Any of them will do. */
  readonly moments: readonly Moment[];
  /** Whose message it is to be. */
  readonly nodeIds: readonly string[];
  /** Begins the fault. */
  readonly strike: (nodeId: string) => void;
}

/** The faults that wait for a message. */
export class Strikes {
  readonly #waiting = new Set<Strike>();

  /** From now on, the first message that fits begins the fault. */
  await(strike: Strike): void {
    this.#waiting.add(strike);
  }

  /** No fault waits any more. */
  clear(): void {
    this.#waiting.clear();
  }

  /** Takes notice of a message that is about to be sent. */
  onSend(message: Message): void {
    for (const strike of this.#waiting) {
      if (!strike.nodeIds.includes(message.src)) continue;
      if (!strike.moments.some((moment) => moments[moment](message))) continue;
      this.#waiting.delete(strike);
      strike.strike(message.src);
    }
  }
}
