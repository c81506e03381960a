const MAX_NAME_BYTES = 256;

/** Control characters, and halves of surrogate pairs, which no UTF-8 can hold. */
const NOT_IN_NAMES = /[\p{Cc}\p{Cs}]/u;

/** Why a text cannot be the key of a counter or the name of a node; undefined where it can. */
export function nameFault(name: string, maxBytes = MAX_NAME_BYTES): string | undefined {
  if (name === '') return 'is empty';
  // No character takes more than three bytes for each unit of UTF-16.
  if (name.length * 3 > maxBytes && Buffer.byteLength(name) > maxBytes) {
    return `is longer than ${maxBytes} bytes`;
  }
  return NOT_IN_NAMES.test(name) ? 'has control characters or halves of surrogate pairs' : undefined;
}
