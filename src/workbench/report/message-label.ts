import type { Body } from '../../maelstrom/message.ts';
import { cut } from './format.ts';

/** What a message says, in a few characters: `add 3`, `read_ok 17`, `cas 4→7`. */
export function messageLabel(body: Body): string {
  const type = typeof body['type'] === 'string' ? body['type'] : '?';
  return cut([type, ...detailsOf(type, body)].join(' '), 30);
}

function detailsOf(type: string, body: Body): string[] {
  switch (type) {
    case 'add':
      return [short(body['delta'])];
    case 'cas':
      return [key(body), `${short(body['from'])}→${short(body['to'])}`];
    case 'write':
      return [key(body), short(body['value'])];
    case 'read':
      return 'key' in body ? [key(body)] : [];
    case 'read_ok':
      return [short(body['value'])];
    case 'error':
      return [short(body['code'])];
    default:
      return [];
  }
}

/** The end of a key tells keys apart better than its beginning. */
function key(body: Body): string {
  const { key: name } = body;
  const text = typeof name === 'string' ? name : short(name);
  return text.length <= 12 ? text : `…${text.slice(-10)}`;
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return cut(text, 10);
}

/** The type without what makes it an answer, so that question and answer are drawn alike. */
export function messageKind({ type }: Body): string {
  return typeof type === 'string' ? type.replace(/_ok$/, '') : '?';
}

export const isAnswer = (body: Body): boolean => 'in_reply_to' in body;
