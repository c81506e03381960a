/**
 * `cluster.json`: the peers and removals that a server remembers over a restart, as `{"peers": […], "decisions": {…}}`.
 * Replaced atomically. It holds no counts, so a file that cannot be read is reported and ignored.
 */
import { normalAddress } from './address.ts';
import type { Remembered } from './cluster.ts';
import { decodeJson, entries, fields, list } from '../runtime/decode.ts';
import { removalFrom } from './codec.ts';
import type { Files } from '../runtime/files.ts';

const FILE = 'cluster.json';
const TEMPORARY = 'cluster.json.tmp';

const nothing: Remembered = { peers: [], removals: new Map() };

export class ClusterFile {
  readonly #files: Files;
  readonly #onError: (error: unknown) => void;
  #latest: Remembered | undefined;
  #writing: Promise<void> | undefined;

  constructor(files: Files, onError: (error: unknown) => void) {
    this.#files = files;
    this.#onError = onError;
  }

  async read(): Promise<Remembered> {
    const names = await this.#files.list();
    if (names.includes(TEMPORARY)) await this.#files.remove(TEMPORARY);
    if (!names.includes(FILE)) return nothing;
    try {
      return rememberedFrom(decodeJson((await this.#files.read(FILE)).toString()));
    } catch (error) {
      this.#onError(error);
      return nothing;
    }
  }

  /** Writes what to remember; of several changes in a row, the last. */
  write(remembered: Remembered): void {
    this.#latest = remembered;
    this.#writing ??= this.#write();
  }

  /** Resolves when everything has been written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      while (this.#latest !== undefined) {
        const { peers, removals } = this.#latest;
        this.#latest = undefined;
        // The file is opened for appending, so what a failed write has left must go first.
        if ((await this.#files.list()).includes(TEMPORARY)) await this.#files.remove(TEMPORARY);
        const file = await this.#files.open(TEMPORARY);
        const json = { peers, decisions: Object.fromEntries(removals) };
        const text = `${JSON.stringify(json, null, 2)}\n`;
        await file.append(Buffer.from(text));
        await file.sync();
        await file.close();
        await this.#files.rename(TEMPORARY, FILE);
        await this.#files.syncDirectory();
      }
    } catch (error) {
      this.#onError(error);
    }
    this.#writing = undefined;
  }
}

function rememberedFrom(json: unknown): Remembered {
  const { peers, decisions } = fields(json, FILE, ['peers', 'decisions']);
  return {
    peers: list(peers).flatMap((peer) => (typeof peer === 'string' ? (normalAddress(peer) ?? []) : [])),
    removals: new Map(entries(decisions).map(([id, removal]) => [id, removalFrom(removal)])),
  };
}
