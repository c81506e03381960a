export const MAX_KEY_BYTES = 256;

/** Control characters, and halves of surrogate pairs, which no UTF-8 can hold. */
const NOT_IN_NAMES = /[\p{Cc}\p{Cs}]/u;

/** Why a text cannot be the key of a counter or the name of a node; undefined where it can. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'is empty';
  // No character takes more than three bytes for each unit of UTF-16.
  if (name.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(name) > MAX_KEY_BYTES) {
    return `is longer than ${MAX_KEY_BYTES} bytes`;
  }
  return NOT_IN_NAMES.test(name) ? 'has control characters or halves of surrogate pairs' : undefined;
}
