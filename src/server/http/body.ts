import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { Refusal } from '../refusal.ts';

export const MAX_BODY_BYTES = 65_536;
/** As much of a body that is too long is read and dropped, so that the client gets to read the refusal. */
const MAX_DROPPED_BYTES = 2 ** 20;

/** The JSON in the body of a request; `{}` where it has no body. Rejects with a Refusal, or where the client goes away. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const { 'content-type': type, 'content-length': length } = request.headers;
  const hasBody = length === undefined ? request.headers['transfer-encoding'] !== undefined : length !== '0';
  if (!hasBody) return {};
  if (type !== 'application/json' && !JSON_TYPE.test(type ?? '')) {
    throw new Refusal(415, 'not_json', 'the body must have content-type application/json');
  }
  const bytes = await readBody(request);
  if (bytes.length === 0) return {};
  try {
    if (isUtf8(bytes)) return JSON.parse(bytes.toString());
  } catch {}
  throw new Refusal(400, 'invalid_json', 'the body is not JSON in UTF-8');
}

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    const rest: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_BODY_BYTES) {
        if (length > MAX_DROPPED_BYTES) reject(tooLong());
      } else if (first === undefined) {
        first = chunk;
      } else {
        rest.push(chunk);
      }
    });
    request.on('end', () => {
      if (length > MAX_BODY_BYTES) reject(tooLong());
      else
        resolve(first === undefined || rest.length > 0 ? Buffer.concat([first ?? NOTHING, ...rest]) : first);
    });
    request.on('error', reject);
  });
}

const NOTHING = Buffer.alloc(0);

const tooLong = (): Refusal =>
  new Refusal(413, 'body_too_large', `the body is longer than ${MAX_BODY_BYTES} bytes`);
