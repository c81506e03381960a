/**
 * The messages of Maelstrom's protocol, and the one place that decodes them. Past it, a message has a source, a destination
 * and a body that is an object; each handler checks the fields that it reads.
 */
import { isObject, parseJson } from '../runtime/json.ts';

/** One message between clients, nodes and services; on stdin and stdout, one JSON object per line. */
export interface Message {
  readonly src: string;
  readonly dest: string;
  readonly body: Body;
}

/** `type` says what it is, `msg_id` asks for a reply, `in_reply_to` makes it one. The other fields depend on the type. */
export type Body = Readonly<Record<string, unknown>>;

/** A body to be sent. The sender adds the ids to it in place: a copy would cost as much as all the rest. */
export interface OutgoingBody {
  readonly type: string;
  msg_id?: number;
  in_reply_to?: unknown;
  [field: string]: unknown;
}

/** Decodes one line. Returns undefined if it is not a message. */
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

/** Whether this can identify a request: any safe integer, 0 included. */
export const isMessageId = (json: unknown): json is number => Number.isSafeInteger(json);
