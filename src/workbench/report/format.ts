/**
 * Numbers, moments and lists for people to read.
 */

/** Digits in groups of three, from five digits on: 50 000. */
export function grouped(n: number): string {
  const [whole = '', fraction] = String(n).split('.');
  const digits =
    whole.replace('-', '').length > 4 ? whole.replaceAll(/(?<=\d)(?=(\d{3})+$)/g, '\u202F') : whole;
  const unsigned = fraction === undefined ? digits : `${digits}.${fraction}`;
  return unsigned.replace('-', '−');
}

/** With the sign always shown: +3, −4. */
export const signed = (n: number): string => (n < 0 ? grouped(n) : `+${grouped(n)}`);

/** A moment to the millisecond: 0.819 s. */
export const seconds = (timeMs: number): string => `${(timeMs / 1000).toFixed(3)} s`;

/** A length of time to two or three digits: 0.4 ms, 29 ms, 1.25 s. */
export function duration(ms: number): string {
  if (ms >= 1000) return `${Number((ms / 1000).toFixed(2))} s`;
  return ms >= 10 ? `${Math.round(ms)} ms` : `${Number(ms.toFixed(1))} ms`;
}

export const percent = (fraction: number): string => {
  const shown = (100 * fraction).toFixed(1);
  // 100 % would be taken to mean all.
  return fraction < 1 && shown === '100.0' ? '> 99.9 %' : `${Number(shown)} %`;
};

/** `1 read`, `2 reads`. */
export const counted = (n: number, singular: string, plural = `${singular}s`): string =>
  `${grouped(n)} ${n === 1 ? singular : plural}`;

/** `The only read`, `Each of 2 reads`. */
export const eachOf = (n: number, singular: string): string =>
  n === 1 ? `The only ${singular}` : `Each of ${counted(n, singular)}`;

/** `n0`, `n0 and n1`, `n0, n1 and n2`. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

/** The text, no longer than `length`, with an ellipsis where something was cut. */
export const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`;

/** The text with a capital at the beginning, unless it begins with a name. */
export const sentence = (text: string): string =>
  text.replace(/^(?:the|none|only) /, (word) => word.charAt(0).toUpperCase() + word.slice(1));

/** A program and its arguments as one would type them. */
export const commandLine = (program: readonly string[]): string =>
  program
    .map((word) => (/^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`))
    .join(' ');
