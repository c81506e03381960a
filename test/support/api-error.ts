import { parseJson } from '../../src/runtime/json.ts';
import { objectFrom, textFrom } from './json.ts';
import type { Answer } from './server-process.ts';

/** The status and code of a refusal. Throws where it has not the one form that every refusal has. */
export function refusalOf({ status, headers, body }: Answer): string {
  const { error, ...rest } = objectFrom(parseJson(body));
  const { code, message, ...others } = objectFrom(error);
  const isSentence = /^[^\n]{10,}$/.test(textFrom(message));
  const isAlone = Object.keys(rest).length + Object.keys(others).length === 0;
  if (headers['content-type'] !== 'application/json' || !isSentence || !isAlone) {
    throw new TypeError(`no refusal: ${JSON.stringify({ status, headers, body })}`);
  }
  return `${status} ${textFrom(code)}`;
}

/** The answer at the end of what a connection has brought. */
export function lastAnswer(text: string): Answer {
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
