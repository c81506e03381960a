/**
 * Guesses what a mistyped word was meant to be, for error messages.
 */

/** The most edits that count as a typing mistake. */
const MAX_EDITS = 2;

/** Returns ` (did you mean X?)` for the candidate nearest to `word`, or nothing if none is near. */
export function didYouMean(word: string, candidates: Iterable<string>, prefix = ''): string {
  let nearest: string | undefined;
  // Of a short word, most letters must be right: `x` is not a mistyped `w`.
  let fewest = Math.min(MAX_EDITS, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = editDistance(word, candidate);
    if (edits < fewest) [nearest, fewest] = [candidate, edits];
  }
  return nearest === undefined ? '' : ` (did you mean ${prefix}${nearest}?)`;
}

/** Returns how many letters to insert, delete, replace or swap with their neighbour turn one word into the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current.push(
        Math.min(
          (last[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (last[column - 1] ?? 0) + (isSame ? 0 : 1),
          isSwapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[to.length] ?? 0;
}
