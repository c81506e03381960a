/**
 * The port to the files of one directory. Only what has been synced is certain to survive a crash: the content of a file
 * by its own `sync`, its name by `syncDirectory`. Every method may reject with an error of the system (EIO, ENOSPC).
 */

export interface Files {
  /** Resolves with the names in the directory. */
  list(): Promise<string[]>;
  /** Resolves with the content of a file of at most 2 GiB. Rejects if it does not exist. */
  read(name: string): Promise<Buffer>;
  /** The content of a file of any length, in pieces of at most a megabyte. Rejects if it does not exist. */
  pieces(name: string): AsyncIterable<Buffer>;
  /** Opens a file at its end, creating it if it does not exist. */
  open(name: string): Promise<AppendFile>;
  /** Truncates a file to `bytes` bytes and syncs it. */
  truncate(name: string, bytes: number): Promise<void>;
  /** Renames a file, replacing any file of that name. */
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  syncDirectory(): Promise<void>;
}

/** A file that is only appended to. */
export interface AppendFile {
  /** Tells this file from a copy of it: it is the same after a restart, and another if the file was copied or restored. */
  readonly fingerprint: string;
  append(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  /** Appends and syncs in one call, which is cheaper where the system can do that. */
  appendSynced(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
