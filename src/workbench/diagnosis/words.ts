/**
 * Moments, lengths of time and values as sentences about messages name them.
 */

/** A moment to the millisecond: `0.819 s`. */
export const at = (timeMs: number): string => `${(timeMs / 1000).toFixed(3)} s`;

/** `0.4 ms`, `29 ms`, `1.25 s`. */
export function lasting(ms: number): string {
  if (ms >= 1000) return `${Number((ms / 1000).toFixed(2))} s`;
  return ms >= 10 ? `${Math.round(ms)} ms` : `${Number(ms.toFixed(1))} ms`;
}

/** Longer values tell nothing more. */
const VALUE_LENGTH = 60;

/** A value or a whole message as JSON, cut where it is long; a name as it is. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return cut(text, VALUE_LENGTH);
}

/** The text, no longer than `length`, with an ellipsis where something was cut. */
export const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;

/** `1 add`, `2 adds`. */
export const counted = (n: number, singular: string): string => `${n} ${singular}${n === 1 ? '' : 's'}`;

/** `n0`, `n0 and n1`, `n0, n1 and n2`. */
export const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
