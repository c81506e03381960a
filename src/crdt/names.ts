/**
 * Names: which texts can be the key of a counter or the id of a node.
 */
const MAX_NAME_BYTES = 256;

/** Control characters, and halves of surrogate pairs, which no UTF-8 can hold. */
const NOT_IN_NAMES = /[\p{Cc}\p{Cs}]/u;

/** Says why a text cannot be such a name, as the end of a sentence; undefined if it can. */
export function nameFault(name: string, maxBytes = MAX_NAME_BYTES): string | undefined {
  if (name === '') return 'is empty';
  // No character takes more than three bytes for each UTF-16 code unit.
  if (name.length * 3 > maxBytes && Buffer.byteLength(name) > maxBytes) {
    return `is longer than ${maxBytes} bytes`;
  }
  return NOT_IN_NAMES.test(name) ? 'has control characters or halves of surrogate pairs' : undefined;
}
