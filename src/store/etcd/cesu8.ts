/**
 * CESU-8 (Unicode Technical Report 26): UTF-8 of each UTF-16 code unit by itself. It is UTF-8 for all texts without characters
 * beyond U+FFFF, and bytes have the order of the code units, which is that of keys everywhere in this project.
 */

const SURROGATE = /[\ud800-\udfff]/;

/** The bytes of a text. */
export function encodeCesu8(text: string): Buffer {
  if (!SURROGATE.test(text)) return Buffer.from(text);
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) bytes.push(unit);
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f));
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
  }
  return Buffer.from(bytes);
}

/** The text of bytes that were encoded so. */
export function decodeCesu8(bytes: Buffer): string {
  if (!bytes.includes(0xed)) return bytes.toString();
  const units: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at++] ?? 0;
    if (first < 0x80) units.push(first);
    else if (first < 0xe0) units.push(((first & 0x1f) << 6) | ((bytes[at++] ?? 0) & 0x3f));
    else
      units.push(((first & 0x0f) << 12) | (((bytes[at++] ?? 0) & 0x3f) << 6) | ((bytes[at++] ?? 0) & 0x3f));
  }
  return units.map((unit) => String.fromCharCode(unit)).join('');
}
