import { type Address, normalAddress } from './address.ts';
import type { Memory } from './cluster.ts';
import { type Removal, MAX_VERSION } from './removals.ts';
import { isTotal } from '../crdt/g-counter.ts';
import { isObject, parseJson } from '../runtime/json.ts';
import type { Files } from '../runtime/files.ts';

/** Who the peers were, and what has been decided about members: `{"peers": […], "decisions": {…}}`. */
const FILE = 'cluster.json';
const DRAFT = 'cluster.json.tmp';

const nothing: Memory = { peers: [], decisions: new Map() };

/** Keeps what a server remembers of its cluster. No count is in it: what is not readable is as good as not there. */
export class MemoryFile {
  readonly #files: Files;
  readonly #onError: (error: unknown) => void;
  #latest: Memory | undefined;
  #writing: Promise<void> | undefined;

  constructor(files: Files, onError: (error: unknown) => void) {
    this.#files = files;
    this.#onError = onError;
  }

  async read(): Promise<Memory> {
    const names = await this.#files.list();
    if (names.includes(DRAFT)) await this.#files.remove(DRAFT);
    if (!names.includes(FILE)) return nothing;
    try {
      return memoryFrom(parseJson((await this.#files.read(FILE)).toString()));
    } catch (error) {
      this.#onError(error);
      return nothing;
    }
  }

  /** Writes what is to be remembered; of several changes in a row, the last. */
  write(memory: Memory): void {
    this.#latest = memory;
    this.#writing ??= this.#write();
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      while (this.#latest !== undefined) {
        const { peers, decisions } = this.#latest;
        this.#latest = undefined;
        // What a write that failed has left must not become the beginning of this one.
        if ((await this.#files.list()).includes(DRAFT)) await this.#files.remove(DRAFT);
        const file = await this.#files.open(DRAFT);
        const json = { peers, decisions: Object.fromEntries(decisions) };
        const text = `${JSON.stringify(json, null, 2)}\n`;
        await file.append(Buffer.from(text));
        await file.sync();
        await file.close();
        await this.#files.rename(DRAFT, FILE);
        await this.#files.syncDirectory();
      }
    } catch (error) {
      this.#onError(error);
    }
    this.#writing = undefined;
  }
}

function memoryFrom(json: unknown): Memory {
  if (!isObject(json) || !Array.isArray(json['peers']) || !isObject(json['decisions'])) {
    throw new TypeError(`${FILE} does not say who the peers are`);
  }
  return {
    peers: json['peers'].flatMap((peer: unknown): Address[] => {
      const address = typeof peer === 'string' ? normalAddress(peer) : undefined;
      return address === undefined ? [] : [address];
    }),
    decisions: new Map(
      Object.entries(json['decisions']).map(([id, decision]) => [id, decisionFrom(decision)]),
    ),
  };
}

function decisionFrom(json: unknown): Removal {
  if (
    isObject(json) &&
    isTotal(json['version']) &&
    json['version'] < MAX_VERSION &&
    typeof json['removed'] === 'boolean'
  ) {
    return { version: json['version'], removed: json['removed'] };
  }
  throw new TypeError(`${FILE} has a decision that is none`);
}
