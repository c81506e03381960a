/** A file of the data directory is not as it was written, and not in a way that a crash explains. */
export class DamagedFile extends Error {
  /** `byte` is where the damage shows; `what` says how. */
  constructor(file: string, byte: number, what: string) {
    super(
      `${file} is damaged at byte ${byte}: ${what}. Nothing has been changed. ` +
        'Restore the data directory from a copy, ' +
        (file.endsWith('.log')
          ? `or copy it, run \`truncate -s ${byte} ${file}\` in the copy and start with that: what was counted after this point is lost, the rest is right`
          : 'or start with an empty one under another node id and merge what other servers hold'),
    );
  }
}
