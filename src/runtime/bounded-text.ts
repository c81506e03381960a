/**
 * Reads a response whole, but not without end: what sends more than it may is cut off.
 */
import type { Readable } from 'node:stream';

/** Resolves with the text of a stream. Rejects with its error, or with an Error if it has more than `maxBytes`. */
export async function boundedText(stream: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('the stream has been given an encoding');
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error('its response is too long');
  }
  return Buffer.concat(chunks).toString();
}
