import { isObject, parseJson } from '../runtime/json.ts';

/** What travels between clients, nodes and services: one JSON object a line. */
export interface Message {
  readonly src: string;
  readonly dest: string;
  readonly body: Body;
}

/** `type` says what it is, `msg_id` that an answer is wanted, `in_reply_to` that it is one. The rest depends on the type. */
export type Body = Readonly<Record<string, unknown>>;

/** A body on its way out. Whoever sends it adds the ids in place, since a copy would cost as much as the rest. */
export interface OutgoingBody {
  readonly type: string;
  msg_id?: number;
  in_reply_to?: unknown;
  [field: string]: unknown;
}

/** Reads one line. Undefined for anything that is not a message, which no peer of ours would send. */
export function decodeMessage(line: string): Message | undefined {
  try {
    const message: unknown = parseJson(line);
    return isMessage(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

function isMessage(json: unknown): json is Message {
  return (
    isObject(json) &&
    isObject(json['body']) &&
    typeof json['src'] === 'string' &&
    typeof json['dest'] === 'string'
  );
}

/** True for what identifies a request: an integer, 0 included. */
export const isMessageId = (json: unknown): json is number => Number.isSafeInteger(json);
