/** What an increment with an Idempotency-Key was answered, for as long as it may be asked again. */
export interface Answer {
  /** Of the request's content: the same key with another content is not the same request. */
  readonly fingerprint: string;
  /** The value of each incremented counter, in the order of the request. */
  readonly values: readonly number[];
  /** When it was first asked, in milliseconds since 1970. */
  readonly timeMs: number;
}

/** How long and how many answers are remembered. */
export interface IdempotencyLimits {
  readonly windowMs: number;
  readonly maxAnswers: number;
}

/** The answers that are on the disk, oldest first. */
export class Answers {
  readonly #byId = new Map<string, Answer>();
  readonly #limits: IdempotencyLimits;

  constructor(limits: IdempotencyLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: string, nowMs: number): Answer | undefined {
    const answer = this.#byId.get(id);
    return answer !== undefined && this.#isFresh(answer, nowMs) ? answer : undefined;
  }

  /** Forgets what is too old, and says whether `more` answers can still be taken in. */
  hasRoomFor(more: number, nowMs: number): boolean {
    for (const [id, answer] of this.#byId) {
      if (this.#isFresh(answer, nowMs)) break;
      this.#byId.delete(id);
    }
    return this.#byId.size + more <= this.#limits.maxAnswers;
  }

  /** Takes in an answer; one that is here already under that id is replaced. */
  set(id: string, answer: Answer): void {
    this.#byId.delete(id);
    this.#byId.set(id, answer);
  }

  /** Those that would still be given at `nowMs`. */
  *fresh(nowMs: number): Generator<[id: string, answer: Answer]> {
    for (const entry of this.#byId) {
      if (this.#isFresh(entry[1], nowMs)) yield entry;
    }
  }

  #isFresh(answer: Answer, nowMs: number): boolean {
    return nowMs - answer.timeMs < this.#limits.windowMs;
  }
}
