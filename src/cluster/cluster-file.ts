/**
 * `cluster.json`: the peers and removals that a server remembers over a restart, as `{"peers": […], "decisions": {…}}`.
 * Replaced atomically. It holds no counts, so the server goes on if the file cannot be read or written: that is reported,
 * and whoever waits for a write is told.
 */
import { normalAddress } from './address.ts';
import type { Remembered } from './cluster.ts';
import { NewerVersionError, checkVersion, decodeJson, entries, fields, list } from '../runtime/decode.ts';
import { removalFrom } from './codec.ts';
import type { Files } from '../runtime/files.ts';
import type { Log } from '../runtime/log.ts';

const FILE = 'cluster.json';
const TEMPORARY = 'cluster.json.tmp';

const nothing: Remembered = { peers: [], removals: new Map() };

export class ClusterFile {
  readonly #files: Files;
  readonly #warn: Log;
  #latest = nothing;
  /** The write that is to come after the one under way. It will take what is then the latest. */
  #next: Promise<void> | undefined;
  /** Resolves when all writes so far have ended. */
  #ended: Promise<void> = Promise.resolve();

  constructor(files: Files, warn: Log) {
    this.#files = files;
    this.#warn = warn;
  }

  /**
   * What is remembered; nothing if the file is not there or makes no sense. Rejects if it cannot be read, or is of a
   * newer version: whoever starts without it would take removed servers in again.
   */
  async read(): Promise<Remembered> {
    const names = await this.#files.list();
    if (names.includes(TEMPORARY)) await this.#files.remove(TEMPORARY);
    if (!names.includes(FILE)) return nothing;
    const content = await this.#files.read(FILE);
    try {
      return rememberedFrom(decodeJson(content.toString()));
    } catch (error) {
      if (error instanceof NewerVersionError) throw error;
      this.#warn(`${FILE} is ignored, and the peers and removals in it forgotten: ${String(error)}`);
      return nothing;
    }
  }

  /**
   * Writes what to remember; of several changes in a row, the last. Resolves when it is on the disk. Rejects with the
   * error of the system if it cannot be written; the next change is another try.
   */
  write(remembered: Remembered): Promise<void> {
    this.#latest = remembered;
    if (this.#next === undefined) {
      this.#next = this.#ended.then(() => {
        this.#next = undefined;
        return this.#replace(this.#latest);
      });
      this.#ended = this.#next.catch((error: unknown) =>
        this.#warn(`cannot write ${FILE}: ${String(error)}`),
      );
    }
    return this.#next;
  }

  /** Resolves when everything has been written. */
  async close(): Promise<void> {
    await this.#ended;
  }

  async #replace({ peers, removals }: Remembered): Promise<void> {
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
}

function rememberedFrom(json: unknown): Remembered {
  checkVersion(json, FILE);
  const { peers, decisions } = fields(json, FILE, ['peers', 'decisions'], ['version']);
  return {
    peers: list(peers).flatMap((peer) => (typeof peer === 'string' ? (normalAddress(peer) ?? []) : [])),
    removals: new Map(entries(decisions).map(([id, removal]) => [id, removalFrom(removal)])),
  };
}
