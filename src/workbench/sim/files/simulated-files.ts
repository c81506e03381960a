/**
 * The port `Files` over a simulated directory, for one process. Whatever changes something first waits for the disk,
 * which may take its time or fail.
 */
import type { AppendFile, Files } from '../../../runtime/files.ts';
import { type Directory, Inode } from './directory.ts';

/** Awaited before each change, such as `append counters-000001.log 42`. The change fails where this rejects. */
export type Disk = (operation: string) => Promise<void>;

/** Shorter than many a record, so that these cross the borders of pieces, but not so short that reading takes long. */
const PIECE_BYTES = 509;

export class SimulatedFiles implements Files {
  readonly directory: Directory;
  readonly #disk: Disk;

  constructor(directory: Directory, disk: Disk) {
    this.directory = directory;
    this.#disk = disk;
  }

  list(): Promise<string[]> {
    return Promise.resolve(this.directory.names());
  }

  async read(name: string): Promise<Buffer> {
    return this.directory.at(name).bytes();
  }

  async *pieces(name: string): AsyncGenerator<Buffer> {
    const bytes = this.directory.at(name).bytes();
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
  }

  async open(name: string): Promise<AppendFile> {
    if (!this.directory.has(name)) {
      await this.perform(`create ${name}`, () => this.directory.change([[name, new Inode()]]));
    }
    const inode = this.directory.at(name);
    const append = (bytes: Uint8Array): Promise<void> => this.append(name, inode, Buffer.from(bytes));
    const sync = (): Promise<void> => this.perform(`sync ${name}`, () => inode.sync());
    return {
      fingerprint: inode.fingerprint,
      append,
      sync,
      async appendSynced(bytes) {
        await append(bytes);
        await sync();
      },
      close: () => Promise.resolve(),
    };
  }

  async truncate(name: string, bytes: number): Promise<void> {
    await this.perform(`truncate ${name} ${bytes}`, () => {
      const inode = this.directory.at(name);
      inode.become(inode.bytes().subarray(0, bytes));
    });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.perform(`rename ${from} ${to}`, () => {
      this.directory.change([
        [from, undefined],
        [to, this.directory.at(from)],
      ]);
    });
  }

  async remove(name: string): Promise<void> {
    await this.perform(`remove ${name}`, () => {
      this.directory.at(name);
      this.directory.change([[name, undefined]]);
    });
  }

  async syncDirectory(): Promise<void> {
    await this.perform('syncDirectory', () => this.directory.sync());
  }

  protected async append(name: string, inode: Inode, bytes: Buffer): Promise<void> {
    await this.perform(`append ${name} ${bytes.length}`, () => inode.append(bytes));
  }

  protected async perform(operation: string, effect: () => void): Promise<void> {
    await this.#disk(operation);
    effect();
  }
}
