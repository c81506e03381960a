/**
 * The bodies of requests: read whole, up to a limit. Reading also rejects, with the connection's error, if the client goes
 * away before the end.
 */
import type { IncomingMessage } from 'node:http';
import { DecodeError } from '../../runtime/decode.ts';
import { parseJson } from '../../runtime/json.ts';
import { utf8Text } from '../../runtime/utf8.ts';
import { MAX_MESSAGE_BYTES } from '../../cluster/net/http-transport.ts';
import { ApiError } from '../../store/api-error.ts';

export const MAX_BODY_BYTES = 65_536;
/** How much of a body that is too long is read and dropped, so that the client gets to read the error. */
const MAX_DROPPED_BYTES = 2 ** 20;

/** Resolves with the JSON in the body of a request, `{}` if it has no body. Rejects with an ApiError. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const { 'content-type': type, 'content-length': length } = request.headers;
  const hasBody = length === undefined ? request.headers['transfer-encoding'] !== undefined : length !== '0';
  if (!hasBody) return {};
  if (type !== 'application/json' && !JSON_TYPE.test(type ?? '')) {
    throw new ApiError('not_json', 'the body must have content-type application/json');
  }
  const bytes = await readBytes(request, MAX_BODY_BYTES);
  if (bytes.length === 0) return {};
  try {
    return parseJson(utf8Text(bytes));
  } catch (error) {
    const why = error instanceof DecodeError ? error.message : 'is not JSON in UTF-8';
    throw new ApiError('invalid_json', `the body ${why}`);
  }
}

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

/** Resolves with the body of a peer's request. Rejects with an ApiError. */
export async function readMessage(request: IncomingMessage): Promise<string> {
  return (await readBytes(request, MAX_MESSAGE_BYTES)).toString();
}

function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const tooLong = (): ApiError =>
      new ApiError('body_too_large', `the body is longer than ${maxBytes} bytes`);
    request.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received <= maxBytes) chunks.push(chunk);
      else if (received > maxBytes + MAX_DROPPED_BYTES) reject(tooLong());
    });
    request.on('end', () => {
      if (received > maxBytes) return reject(tooLong());
      // Nearly every body arrives in one piece, which need not be copied.
      const [first = NOTHING] = chunks;
      resolve(chunks.length > 1 ? Buffer.concat(chunks) : first);
    });
    request.on('error', reject);
  });
}

const NOTHING = Buffer.alloc(0);
