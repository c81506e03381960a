import { type Choose, Directory, Inode } from '../../src/workbench/sim/files/directory.ts';
import { SimulatedFiles } from '../../src/workbench/sim/files/simulated-files.ts';

export type { Choose };

/** Of what a crash may take, it takes all. */
export const nothing: Choose = () => 0;
/** Of what a crash may take, it takes nothing. */
export const everything: Choose = (bound) => bound - 1;

/** What a disk says that has failed, or is full. */
export class DiskError extends Error {
  readonly code: string;
  /** How many bytes of an append it has taken nevertheless. */
  readonly taken: number;

  constructor(code: string, taken = 0) {
    super(`${code}: as the test has it`);
    this.code = code;
    this.taken = taken;
  }
}

/** Simulated files, with what tests want to see of them and do to them. */
export class MemoryFiles extends SimulatedFiles {
  /** What has been done, in order. Reading changes nothing and is not in it. */
  readonly operations: string[] = [];
  /** Awaited before each operation, which fails where this rejects. */
  before: (operation: string) => Promise<void> = () => Promise.resolve();

  constructor(directory = new Directory()) {
    super(directory, (operation) => this.before(operation));
  }

  names(): string[] {
    return this.directory.names();
  }

  bytes(name: string): Buffer {
    return this.directory.at(name).bytes();
  }

  /** All names with all that is in the files, to compare. */
  contents(): Record<string, string> {
    return Object.fromEntries(this.names().map((name) => [name, this.bytes(name).toString('latin1')]));
  }

  /** Gives a file another content behind the back of whoever uses it. Makes one if there is none. */
  put(name: string, bytes: Uint8Array): void {
    const inode = this.directory.has(name) ? this.directory.at(name) : new Inode();
    inode.become(Buffer.from(bytes));
    this.directory.set(name, inode);
  }

  flip(name: string, bit: number): void {
    const bytes = Buffer.from(this.bytes(name));
    const at = Math.floor(bit / 8);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit % 8)), at);
    this.put(name, bytes);
  }

  delete(name: string): void {
    this.directory.set(name, undefined);
  }

  /** Makes the operations that begin with these words wait until the answer is called. */
  hold(words: string): () => void {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { before } = this;
    this.before = async (operation) => {
      if (operation.startsWith(words)) await released;
      await before(operation);
    };
    return release;
  }

  /** Makes the nth from now on of the operations that begin with these words fail. */
  fail(words: string, error: DiskError, nth = 1): void {
    const { before } = this;
    let count = 0;
    this.before = async (operation) => {
      await before(operation);
      if (operation.startsWith(words) && ++count === nth) throw error;
    };
  }

  /** What the next process finds where this one has died and the machine has not: everything, synced or not. */
  clone(): MemoryFiles {
    return new MemoryFiles(this.directory.clone());
  }

  /** What is left when the machine loses its power. */
  crash(choose: Choose): MemoryFiles {
    return new MemoryFiles(this.directory.crash(choose));
  }

  /** A copy such as a backup is: the same contents in other files. */
  copy(): MemoryFiles {
    const copy = new MemoryFiles();
    for (const name of this.names()) copy.put(name, this.bytes(name));
    return copy;
  }

  /** The same, as `cp` leaves it: in the memory of the machine, and on its disk at some later time. */
  async unsyncedCopy(): Promise<MemoryFiles> {
    const copy = new MemoryFiles();
    for (const name of this.names()) await (await copy.open(name)).append(this.bytes(name));
    return copy;
  }

  protected override async append(name: string, inode: Inode, bytes: Buffer): Promise<void> {
    try {
      await super.append(name, inode, bytes);
    } catch (error) {
      if (error instanceof DiskError) inode.append(bytes.subarray(0, error.taken));
      throw error;
    }
  }

  protected override async perform(operation: string, effect: () => void): Promise<void> {
    await super.perform(operation, effect);
    this.operations.push(operation);
  }
}
