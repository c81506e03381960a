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
  const [line = '', ...fields] = head.split('\r\n');
  return {
    status: Number(line.split(' ')[1]),
    headers: Object.fromEntries(
      fields.map((field) => [field.split(':')[0]?.toLowerCase() ?? '', field.replace(/^[^:]*: */, '')]),
    ),
    body: body.join('\r\n\r\n'),
  };
}
