import type { GCounter } from './g-counter.ts';
import type { Totals } from './counter-state.ts';

/** Parts of several counters as JSON. By hand: it is on the way of every increment, and no name in it may be special. */
export function encodeTotals(totals: Totals): string {
  let text = '';
  for (const [key, parts] of totals) {
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${encodeParts(parts)}`;
  }
  return `{${text}}`;
}

/** Parts by name as JSON; `space` follows each comma and colon. */
export function encodeParts(parts: GCounter, space = ''): string {
  let text = '';
  for (const [name, total] of parts) {
    text += `${text === '' ? '' : `,${space}`}${JSON.stringify(name)}:${space}${total}`;
  }
  return `{${text}}`;
}
