/**
 * Parts of counters as JSON. Encoded by hand, because it is on the path of every increment, and because in an object
 * `__proto__` or `1` would be special keys.
 */
import type { GCounter } from './g-counter.ts';
import type { Totals } from './counter-state.ts';

/** Encodes parts of several counters as JSON, by key and replica id. */
export function encodeTotals(totals: Totals): string {
  let text = '';
  for (const [key, parts] of totals) {
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${encodeParts(parts)}`;
  }
  return `{${text}}`;
}

/** Encodes parts by replica id as JSON; `space` follows each comma and colon. */
export function encodeParts(parts: GCounter, space = ''): string {
  let text = '';
  for (const [name, total] of parts) {
    text += `${text === '' ? '' : `,${space}`}${JSON.stringify(name)}:${space}${total}`;
  }
  return `{${text}}`;
}
