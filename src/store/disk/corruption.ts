/** A file of the data directory is not as it was written, and not in a way that a crash explains. */
export class CorruptFile extends Error {
  /** `byte` is where the damage shows; `what` says how. */
  constructor(file: string, byte: number, what: string) {
    super(`${file} is damaged at byte ${byte}: ${what}. Nothing has been changed. ${ADVICE}`);
  }
}

/** What to do with a data directory that cannot be trusted. */
export const ADVICE =
  'Restore the data directory from a copy; or start with an empty one under another node id, and merge into that what other servers and counters.json say';
