/**
 * Corruption: a file of the data directory is not as it was written, in a way that no crash explains. A server that finds
 * any does not start and changes nothing.
 */
export class CorruptFile extends Error {
  /** Where, and how, as the end of a sentence. */
  readonly where: string;

  /** `byte` is where the corruption shows; `what` says how, as the end of a sentence. */
  constructor(file: string, byte: number, what: string) {
    super(`${file} is corrupt at byte ${byte}: ${what}. Nothing has been changed. ${ADVICE}`);
    this.where = `at byte ${byte}, ${what}`;
  }
}

/** What an operator can do about a data directory that cannot be trusted. */
export const ADVICE =
  'Restore the data directory from a copy; or start with an empty one under another node id, and merge into it what other servers and counters.json contain';
