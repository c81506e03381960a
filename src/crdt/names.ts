/**
 * Names: which texts can be the key of a counter or the id of a node.
 */
export const MAX_NAME_BYTES = 256;

/** The control characters (Unicode's Cc), for a class in a regular expression. */
export const CONTROL_CHARACTERS = String.raw`\u0000-\u001f\u007f-\u009f`;

/** Control characters, and halves of surrogate pairs, which no UTF-8 can hold. */
const NOT_IN_NAMES = new RegExp(String.raw`[${CONTROL_CHARACTERS}\p{Cs}]`, 'u');

/** Says why a text cannot be such a name, as the end of a sentence; undefined if it can. */
export function nameFault(name: string, maxBytes = MAX_NAME_BYTES): string | undefined {
  if (name === '') return 'is empty';
  // No character takes more than three bytes for each UTF-16 code unit.
  if (name.length * 3 > maxBytes && Buffer.byteLength(name) > maxBytes) {
    return `is longer than ${maxBytes} bytes`;
  }
  return NOT_IN_NAMES.test(name) ? 'has control characters or halves of surrogate pairs' : undefined;
}
