/**
 * Maelstrom's key-value services `seq-kv` and `lin-kv`, as the key-value store that the counter uses. Each method sends one
 * request and never repeats it: what may be repeated is up to the counter.
 */
import type { KeyValueStore, SwapOutcome } from '../counter/key-value-store.ts';

/**
 * Sends a request to a service and resolves with the body of the reply. May add fields to `body`. Rejects if no reply
 * comes in time.
 */
export type Call = (service: string, body: RequestBody) => Promise<ReplyBody>;
export interface RequestBody {
  readonly type: string;
  [field: string]: unknown;
}
export type ReplyBody = Readonly<Record<string, unknown>>;

const KEY_DOES_NOT_EXIST = 20;
const PRECONDITION_FAILED = 22;

export class KeyValueClient implements KeyValueStore {
  readonly #service: string;
  readonly #call: Call;

  constructor(service: string, call: Call) {
    this.#service = service;
    this.#call = call;
  }

  async read(key: string): Promise<unknown> {
    const reply = await this.#call(this.#service, { type: 'read', key });
    if (reply['type'] === 'read_ok') return reply['value'];
    if (reply['code'] === KEY_DOES_NOT_EXIST) return undefined;
    throw this.#unexpected('read', reply);
  }

  async write(key: string, value: unknown): Promise<void> {
    const reply = await this.#call(this.#service, { type: 'write', key, value });
    if (reply['type'] !== 'write_ok') throw this.#unexpected('write', reply);
  }

  async compareAndSwap(
    key: string,
    from: unknown,
    to: unknown,
    createIfNotExists: boolean,
  ): Promise<SwapOutcome> {
    const body: RequestBody = { type: 'cas', key, from, to };
    if (createIfNotExists) body['create_if_not_exists'] = true;
    const reply = await this.#call(this.#service, body);
    if (reply['type'] === 'cas_ok') return 'ok';
    if (reply['code'] === PRECONDITION_FAILED) return 'mismatch';
    if (reply['code'] === KEY_DOES_NOT_EXIST) return 'missing';
    throw this.#unexpected('cas', reply);
  }

  #unexpected(request: string, reply: ReplyBody): Error {
    return new Error(`${this.#service} replied to ${request} with ${JSON.stringify(reply)}`);
  }
}
