/**
 * The files of one directory, as far as storage needs them. Nothing is certain to survive a crash but what has been
 * synced: the content of a file by its own `sync`, its name by `syncDirectory`. Every method can reject with what the
 * system says (EIO, ENOSPC).
 */
export interface Files {
  /** The names in the directory. */
  list(): Promise<string[]>;
  /** Rejects when there is no such file. */
  read(name: string): Promise<Buffer>;
  /** Opens a file at its end; makes an empty one if there is none. */
  open(name: string): Promise<AppendFile>;
  /** Cuts a file to its first `bytes` bytes, and syncs it. */
  truncate(name: string, bytes: number): Promise<void>;
  /** Gives a file another name, in place of the file that had it. */
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  syncDirectory(): Promise<void>;
}

/** A file that is only ever appended to. */
export interface AppendFile {
  /** Tells this file from a copy of it: the same over restarts, another for a file that was copied or restored. */
  readonly fingerprint: string;
  append(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  /** Appends, and syncs what it has appended: two calls for the price of one where the system can do that. */
  appendSynced(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
