/**
 * The bodies of requests: read whole, up to a limit. Whether there is a body shows by its first byte, whatever the head
 * says; only then does it matter how it is labelled. Reading also rejects, with the connection's error, if the client
 * goes away before the end.
 */
import type { IncomingMessage } from 'node:http';
import { DecodeError } from '../../runtime/decode.ts';
import { parseJson } from '../../runtime/json.ts';
import { utf8Text } from '../../runtime/utf8.ts';
import { MAX_MESSAGE_BYTES } from '../../cluster/net/http-transport.ts';
import { ApiError } from '../../store/api-error.ts';
import { fieldsOfForm } from './form.ts';

export const MAX_BODY_BYTES = 65_536;
/** A name of 256 bytes takes up to 768 if it is escaped throughout, and its total 16 digits, with what is around them. */
const MAX_TOTAL_BYTES = 800;
/** How much of a body that is too long is read and dropped, so that the client gets to read the error. */
const MAX_DROPPED_BYTES = 2 ** 20;

/** The longest body of a merge: room for all that a counter with totals of `maxNodes` nodes can have. */
export const maxMergeBytesOf = (maxNodes: number): number => MAX_BODY_BYTES + maxNodes * MAX_TOTAL_BYTES;

/**
 * Resolves with the JSON in the body of a request, `{}` if it has no body. A body can have `maxBytes`. Rejects with an
 * ApiError.
 */
export async function readJson(request: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<unknown> {
  return jsonFrom(await readBytes(request, maxBytes, checkJson));
}

/**
 * The same, but that the body may also be that of an HTML form, whose fields are the members: a page can send one with no
 * script, and another on its way out.
 */
export async function readFields(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBytes(request, MAX_BODY_BYTES, checkFields);
  return isOfType(FORM_TYPE, request) ? fieldsOfForm(bytes.toString()) : jsonFrom(bytes);
}

function jsonFrom(bytes: Buffer): unknown {
  if (bytes.length === 0) return {};
  try {
    return parseJson(utf8Text(bytes));
  } catch (error) {
    const why = error instanceof DecodeError ? error.message : 'is not JSON in UTF-8';
    throw new ApiError('invalid_json', `the body ${why}`);
  }
}

function checkJson(request: IncomingMessage): void {
  if (isOfType(JSON_TYPE, request)) return;
  throw new ApiError('not_json', 'the body must have content-type application/json');
}

function checkFields(request: IncomingMessage): void {
  if (isOfType(JSON_TYPE, request) || isOfType(FORM_TYPE, request)) return;
  throw new ApiError(
    'not_json',
    'the body must have content-type application/json or application/x-www-form-urlencoded, which is that of URLSearchParams',
  );
}

const isOfType = (type: RegExp, { headers }: IncomingMessage): boolean =>
  type.test(headers['content-type'] ?? '');

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

/** Resolves with the body of a peer's request. Rejects with an ApiError. */
export async function readMessage(request: IncomingMessage): Promise<string> {
  return (await readBytes(request, MAX_MESSAGE_BYTES, () => {})).toString();
}

/** Throws an ApiError if what arrives is not the body itself but something to be decoded. */
function checkCodings({ headers }: IncomingMessage): void {
  const { 'content-encoding': encoding = '', 'transfer-encoding': transfer = 'chunked' } = headers;
  if (encoding !== '' && encoding.toLowerCase() !== 'identity') {
    throw new ApiError('unsupported_encoding', `bodies are taken as they are, not in ${encoding}`);
  }
  if (transfer.toLowerCase() !== 'chunked') {
    throw new ApiError('unsupported_transfer', `the only transfer coding is chunked, not ${transfer}`);
  }
}

/** `check` is called with the request as soon as it has a body. Rejects with an ApiError, or with what `check` throws. */
function readBytes(
  request: IncomingMessage,
  maxBytes: number,
  check: (request: IncomingMessage) => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const tooLong = (): ApiError =>
      new ApiError('body_too_large', `the body is longer than ${maxBytes} bytes`);
    request.once('data', () => {
      try {
        checkCodings(request);
        check(request);
      } catch (error) {
        reject(error);
      }
    });
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
