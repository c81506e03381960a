/**
 * The CRC-32 of zlib, PNG and Ethernet (polynomial 0xEDB88320, reflected), from 0 to 2^32 − 1. It finds every single
 * flipped bit and every burst of up to 32. `before` is the checksum of the bytes that came before these.
 *
 * node:zlib has had one only since 20.15 and 22.2.
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});
