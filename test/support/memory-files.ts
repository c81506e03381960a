import type { AppendFile, Files } from '../../src/runtime/files.ts';

/** Chooses an integer from 0 up to, and without, `bound`. */
export type Choose = (bound: number) => number;

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

/**
 * Files in memory that can say what is left of them after a crash. Of content appended to a file since its last sync,
 * any beginning is left, perhaps with zeros up to the length it had. Of the changes of names since the last sync of
 * the directory, each may be there or not.
 */
export class MemoryFiles implements Files {
  /** What has been done, in order. Reading changes nothing and is not in it. */
  readonly operations: string[] = [];
  /** Awaited before each operation, which fails where this rejects. */
  before: (operation: string) => Promise<void> = () => Promise.resolve();
  readonly #names: Map<string, Inode>;
  /** The names that are certain to survive. */
  readonly #synced: Map<string, Inode>;
  /** What has changed since. */
  readonly #changes: NameChange[];

  constructor(
    names: ReadonlyMap<string, Inode> = new Map(),
    synced: ReadonlyMap<string, Inode> = names,
    changes: readonly NameChange[] = [],
  ) {
    this.#names = new Map(names);
    this.#synced = new Map(synced);
    this.#changes = [...changes];
  }

  list(): Promise<string[]> {
    return Promise.resolve(this.names());
  }

  async read(name: string): Promise<Buffer> {
    return this.bytes(name);
  }

  async open(name: string): Promise<AppendFile> {
    if (!this.#names.has(name)) {
      await this.#perform(`create ${name}`, () => this.#change([[name, new Inode()]]));
    }
    const inode = this.#at(name);
    const append = (bytes: Uint8Array): Promise<void> => this.#append(name, inode, Buffer.from(bytes));
    const sync = (): Promise<void> => this.#perform(`sync ${name}`, () => inode.sync());
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
    await this.#perform(`truncate ${name} ${bytes}`, () => {
      this.#at(name).become(this.bytes(name).subarray(0, bytes));
    });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#perform(`rename ${from} ${to}`, () => {
      this.#change([
        [from, undefined],
        [to, this.#at(from)],
      ]);
    });
  }

  async remove(name: string): Promise<void> {
    await this.#perform(`remove ${name}`, () => {
      this.#at(name);
      this.#change([[name, undefined]]);
    });
  }

  async syncDirectory(): Promise<void> {
    await this.#perform('syncDirectory', () => {
      for (const change of this.#changes.splice(0)) apply(change, this.#synced);
    });
  }

  names(): string[] {
    return [...this.#names.keys()].toSorted();
  }

  bytes(name: string): Buffer {
    return this.#at(name).bytes();
  }

  /** All names with all that is in the files, to compare. */
  contents(): Record<string, string> {
    return Object.fromEntries(this.names().map((name) => [name, this.bytes(name).toString('latin1')]));
  }

  /** Gives a file another content behind the back of whoever uses it. Makes one if there is none. */
  put(name: string, bytes: Uint8Array): void {
    const inode = this.#names.get(name) ?? new Inode();
    inode.become(Buffer.from(bytes));
    this.#names.set(name, inode);
    this.#synced.set(name, inode);
  }

  flip(name: string, bit: number): void {
    const bytes = Buffer.from(this.bytes(name));
    const at = Math.floor(bit / 8);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit % 8)), at);
    this.put(name, bytes);
  }

  delete(name: string): void {
    this.#names.delete(name);
    this.#synced.delete(name);
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
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode): Inode => once(copies, inode, () => inode.clone());
    const copyNames = (names: Map<string, Inode>): Map<string, Inode> =>
      new Map([...names].map(([name, inode]) => [name, copyOf(inode)]));
    const changes = this.#changes.map((change) =>
      change.map(([name, inode]) => [name, inode && copyOf(inode)] as const),
    );
    return new MemoryFiles(copyNames(this.#names), copyNames(this.#synced), changes);
  }

  /** What is left when the machine loses its power. */
  crash(choose: Choose): MemoryFiles {
    const names = new Map(this.#synced);
    for (const change of this.#changes) if (choose(2) === 1) apply(change, names);
    const remains = new Map<Inode, Inode>();
    return new MemoryFiles(
      new Map([...names].map(([name, inode]) => [name, once(remains, inode, () => inode.remains(choose))])),
    );
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

  async #append(name: string, inode: Inode, bytes: Buffer): Promise<void> {
    try {
      await this.#perform(`append ${name} ${bytes.length}`, () => inode.append(bytes));
    } catch (error) {
      if (error instanceof DiskError) inode.append(bytes.subarray(0, error.taken));
      throw error;
    }
  }

  async #perform(operation: string, effect: () => void): Promise<void> {
    await this.before(operation);
    effect();
    this.operations.push(operation);
  }

  #at(name: string): Inode {
    const inode = this.#names.get(name);
    if (inode === undefined) throw new Error(`ENOENT: there is no file ${name}`);
    return inode;
  }

  #change(change: NameChange): void {
    apply(change, this.#names);
    this.#changes.push(change);
  }
}

/** What names stand for from now on. Survives as a whole or not at all. */
type NameChange = readonly (readonly [name: string, inode: Inode | undefined])[];

function apply(change: NameChange, names: Map<string, Inode>): void {
  for (const [name, inode] of change) {
    if (inode === undefined) names.delete(name);
    else names.set(name, inode);
  }
}

function once(made: Map<Inode, Inode>, inode: Inode, make: () => Inode): Inode {
  const inPlace = made.get(inode) ?? make();
  made.set(inode, inPlace);
  return inPlace;
}

let inodes = 0;

/** A file apart from its names. */
class Inode {
  /** All of one length, so that what is written does not depend on how many files there were before. */
  readonly fingerprint: string;
  #chunks: Buffer[] = [];
  #size = 0;
  #syncedSize = 0;

  constructor(fingerprint = `file-${String(++inodes).padStart(9, '0')}`) {
    this.fingerprint = fingerprint;
  }

  append(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#size += bytes.length;
  }

  sync(): void {
    this.#syncedSize = this.#size;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** Takes on another content, synced. */
  become(bytes: Buffer): void {
    this.#chunks = [bytes];
    this.#size = bytes.length;
    this.#syncedSize = bytes.length;
  }

  clone(): Inode {
    const clone = new Inode(this.fingerprint);
    clone.#chunks = [...this.#chunks];
    clone.#size = this.#size;
    clone.#syncedSize = this.#syncedSize;
    return clone;
  }

  remains(choose: Choose): Inode {
    const kept = this.#syncedSize + choose(this.#size - this.#syncedSize + 1);
    const hasZeros = kept < this.#size && choose(2) === 1;
    const remains = new Inode(this.fingerprint);
    const zeros = Buffer.alloc(hasZeros ? this.#size - kept : 0);
    remains.become(Buffer.concat([this.bytes().subarray(0, kept), zeros]));
    return remains;
  }
}
