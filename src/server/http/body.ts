import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { Refusal } from '../refusal.ts';

export const MAX_BODY_BYTES = 65_536;
/** As much of a body that is too long is read and dropped, so that the client gets to read the refusal. */
const MAX_DROPPED_BYTES = 2 ** 20;

/**
 * The JSON in the body of a request; `{}` where it has no body. Rejects with a Refusal, or where the client goes away.
 */
export function readJson(request: IncomingMessage): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const { 'content-type': type, 'content-length': length } = request.headers;
    const hasBody =
      length === undefined ? request.headers['transfer-encoding'] !== undefined : length !== '0';
    if (!hasBody) {
      resolve({});
      return;
    }
    if (type !== 'application/json' && !JSON_TYPE.test(type ?? '')) {
      throw new Refusal(415, 'not_json', 'the body must have content-type application/json');
    }
    const chunks: Buffer[] = [];
    let received = 0;
    request.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received <= MAX_BODY_BYTES) chunks.push(chunk);
      else if (received > MAX_DROPPED_BYTES) reject(tooLong());
    });
    request.on('end', () => {
      try {
        resolve(parsed(chunks, received));
      } catch (error) {
        reject(error);
      }
    });
    request.on('error', reject);
  });
}

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

const tooLong = (): Refusal =>
  new Refusal(413, 'body_too_large', `the body is longer than ${MAX_BODY_BYTES} bytes`);

/** Nearly every body comes in one piece, which need not be copied. */
function parsed(chunks: readonly Buffer[], received: number): unknown {
  if (received > MAX_BODY_BYTES) throw tooLong();
  const [first = NOTHING] = chunks;
  const bytes = chunks.length > 1 ? Buffer.concat(chunks) : first;
  if (bytes.length === 0) return {};
  try {
    if (isUtf8(bytes)) return JSON.parse(bytes.toString());
  } catch {}
  throw new Refusal(400, 'invalid_json', 'the body is not JSON in UTF-8');
}

const NOTHING = Buffer.alloc(0);
