import { parseJson } from '../../src/runtime/json.ts';
import { objectFrom, textFrom } from './json.ts';
import type { HttpResponse } from './server-process.ts';

/** The status and code of an error response. Throws unless it has the one form that all of them have. */
export function errorOf({ status, headers, body }: HttpResponse): string {
  const { error, ...rest } = objectFrom(parseJson(body));
  const { code, message, ...others } = objectFrom(error);
  const isSentence = /^[^\n]{10,}$/.test(textFrom(message));
  const isAlone = Object.keys(rest).length + Object.keys(others).length === 0;
  if (headers['content-type'] !== 'application/json' || !isSentence || !isAlone) {
    throw new TypeError(`not an error response: ${JSON.stringify({ status, headers, body })}`);
  }
  return `${status} ${textFrom(code)}`;
}

/** The last response in what a connection has received. */
export function lastResponse(text: string): HttpResponse {
  const start = text.lastIndexOf('HTTP/1.1 ');
  const [head = '', ...body] = text.slice(Math.max(start, 0)).split('\r\n\r\n');
  return { ...headFrom(head), body: body.join('\r\n\r\n') };
}

/**
 * The first response in what a connection has received, in latin1; undefined if it is not there as a whole. `isHead` says
 * whether it answers HEAD.
 */
export function firstResponse(text: string, isHead: boolean): HttpResponse | undefined {
  const start = /^(?:HTTP\/1\.1 1\d\d .*?\r\n\r\n)*/s.exec(text)?.[0].length ?? 0;
  const end = text.indexOf('\r\n\r\n', start);
  if (end === -1) return undefined;
  const { status, headers } = headFrom(text.slice(start, end));
  const rest = text.slice(end + 4);
  const length = Number(headers['content-length'] ?? 0);
  const isChunked = !isHead && headers['transfer-encoding'] === 'chunked';
  const latin1 = isChunked ? unchunked(rest) : rest.slice(0, isHead ? 0 : length);
  if (latin1 === undefined || (!isHead && latin1.length < length)) return undefined;
  return { status, headers, body: Buffer.from(latin1, 'latin1').toString() };
}

/** What chunks have in them; undefined if the last one is not there. */
function unchunked(chunks: string): string | undefined {
  const [head = '', digits = ''] = /^([\da-f]+)\r\n/i.exec(chunks) ?? [];
  const size = Number.parseInt(digits, 16);
  if (!(size > 0)) return size === 0 ? '' : undefined;
  const rest = unchunked(chunks.slice(head.length + size + 2));
  return rest === undefined ? undefined : chunks.slice(head.length, head.length + size) + rest;
}

function headFrom(head: string): Pick<HttpResponse, 'status' | 'headers'> {
  const [line = '', ...fields] = head.split('\r\n');
  return {
    status: Number(line.split(' ')[1]),
    headers: Object.fromEntries(
      fields.map((field) => [field.split(':')[0]?.toLowerCase() ?? '', field.replace(/^[^:]*: */, '')]),
    ),
  };
}
