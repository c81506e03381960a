/**
 * The state of a simulated directory: what its files contain, and what of that is certain to survive a crash. Of content
 * appended to a file since its last sync, any beginning is left, perhaps with zeros up to the length it had. Of the
 * changes of names since the last sync of the directory, each may be there or not.
 */

/** Chooses an integer from 0 up to, and without, `bound`. */
export type Choose = (bound: number) => number;

export class Directory {
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

  /** The names in order. */
  names(): string[] {
    return [...this.#names.keys()].toSorted();
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** The file of a name. Throws an Error if there is none. */
  at(name: string): Inode {
    const inode = this.#names.get(name);
    if (inode === undefined) throw new Error(`ENOENT: there is no file ${name}`);
    return inode;
  }

  /** Lets names stand for other files, or for none. Survives a crash as a whole or not at all. */
  change(change: NameChange): void {
    apply(change, this.#names);
    this.#changes.push(change);
  }

  /** Makes all names so far certain to survive. */
  sync(): void {
    for (const change of this.#changes.splice(0)) apply(change, this.#synced);
  }

  /** Lets a name stand for a file or for none, as if it had always been so. */
  set(name: string, inode: Inode | undefined): void {
    for (const names of [this.#names, this.#synced]) apply([[name, inode]], names);
  }

  /** What the next process finds where this one has died and the machine has not: everything, synced or not. */
  clone(): Directory {
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode): Inode => once(copies, inode, () => inode.clone());
    const copyNames = (names: Map<string, Inode>): Map<string, Inode> =>
      new Map([...names].map(([name, inode]) => [name, copyOf(inode)]));
    const changes = this.#changes.map((change) =>
      change.map(([name, inode]) => [name, inode && copyOf(inode)] as const),
    );
    return new Directory(copyNames(this.#names), copyNames(this.#synced), changes);
  }

  /** What is left when the machine loses its power. */
  crash(choose: Choose): Directory {
    const names = new Map(this.#synced);
    for (const change of this.#changes) if (choose(2) === 1) apply(change, names);
    const remains = new Map<Inode, Inode>();
    return new Directory(
      new Map([...names].map(([name, inode]) => [name, once(remains, inode, () => inode.remains(choose))])),
    );
  }
}

/** What names stand for from now on. */
export type NameChange = readonly (readonly [name: string, inode: Inode | undefined])[];

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
export class Inode {
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

  /** What is left of it when the machine loses its power. */
  remains(choose: Choose): Inode {
    const kept = this.#syncedSize + choose(this.#size - this.#syncedSize + 1);
    const hasZeros = kept < this.#size && choose(2) === 1;
    const remains = new Inode(this.fingerprint);
    const zeros = Buffer.alloc(hasZeros ? this.#size - kept : 0);
    remains.become(Buffer.concat([this.bytes().subarray(0, kept), zeros]));
    return remains;
  }
}
