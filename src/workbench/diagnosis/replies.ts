/**
 * Replies that no client can take for an answer: without the id of a request, or with one that is not open.
 */
import { isClient } from '../sim/network.ts';
import type { Sent } from './messages.ts';
import type { Mistake, RecordedRun } from './mistake.ts';
import { at, shown } from './words.ts';

export const replyWithoutId: Mistake = {
  id: 'reply-without-in-reply-to',
  remedy: 'Put the msg_id of the request into the body of its reply, as in_reply_to.',
  find: (run) =>
    toClients(run)
      .filter(({ message }) => !isId(message.body['in_reply_to']))
      .map(({ message, open }) => ({
        evidence:
          `${message.src} sent ${shown(message.body)} to ${message.dest} at ${at(message.sentMs)}, without in_reply_to. ` +
          (open === undefined
            ? `${message.dest} had asked for nothing.`
            : `${message.dest} was waiting for the reply to ${asked(open)}.`),
        messages: [...(open === undefined ? [] : [open.id]), message.id],
      })),
};

export const replyToWrongRequest: Mistake = {
  id: 'reply-to-wrong-request',
  remedy:
    'Reply to each request once, with its own msg_id as in_reply_to. Clients number their requests each on their own, ' +
    'so keep the msg_id together with the client that sent it.',
  find: (run) =>
    toClients(run)
      .filter(
        ({ message, open }) =>
          isId(message.body['in_reply_to']) && open?.body['msg_id'] !== message.body['in_reply_to'],
      )
      .map(({ message, known, open }) => ({
        evidence:
          `${message.src} sent ${shown(message.body)} to ${message.dest} at ${at(message.sentMs)}: ` +
          (known
            ? 'that request had its reply already.'
            : `${message.dest} had sent it no request of that number` +
              `${open === undefined ? '' : `, and was waiting for the reply to ${asked(open)}`}.`),
        messages: [...(open === undefined ? [] : [open.id]), message.id],
      })),
};

const isId = (json: unknown): json is number => Number.isSafeInteger(json);

const asked = ({ body }: Sent): string => `${shown(body['type'])}, msg_id ${shown(body['msg_id'])}`;

interface ToClient {
  readonly message: Sent;
  /** Whether the client had sent the node a request with this number. */
  readonly known: boolean;
  /** The request for whose reply the client was waiting. */
  readonly open: Sent | undefined;
}

/** What nodes sent to clients, with what the clients waited for just then. A client has one request open at a time. */
function toClients({ messages, results }: RecordedRun): ToClient[] {
  const nodes = new Set(results.options.nodeIds);
  const requests = new Map<string, Sent>();
  const numbers = new Set<string>();
  const found: ToClient[] = [];
  for (const message of messages.all) {
    const { src, dest, body } = message;
    const between = (node: string, client: string): string => `${node} ${client}`;
    if (isClient(src) && nodes.has(dest)) {
      requests.set(between(dest, src), message);
      numbers.add(`${between(dest, src)} ${String(body['msg_id'])}`);
    } else if (nodes.has(src) && isClient(dest)) {
      const key = between(src, dest);
      const open = requests.get(key);
      const number = String(body['in_reply_to']);
      found.push({ message, known: numbers.has(`${key} ${number}`), open });
      if (open?.body['msg_id'] === body['in_reply_to']) requests.delete(key);
    }
  }
  return found;
}
