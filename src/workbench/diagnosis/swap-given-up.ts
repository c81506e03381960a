/**
 * A swap that the store refused and the node never tried again, although it acknowledged the add, or left its client
 * without an answer.
 */
import { CLIENT_TIMEOUT_MS } from '../nodes/client.ts';
import type { Add, Exchange, Messages } from './messages.ts';
import { type Mistake, countedWrong } from './mistake.ts';
import { at, shown } from './words.ts';

/** A missing key, or another value than the expected one. */
const REFUSALS: ReadonlySet<unknown> = new Set([20, 22]);

export const swapGivenUp: Mistake = {
  id: 'swap-given-up',
  remedy:
    'After error 22 (precondition-failed), read the key again and swap from what it holds; after 20 ' +
    '(key-does-not-exist), swap with create_if_not_exists. Acknowledge the add when a swap that contains it is confirmed.',
  find(run) {
    if (!countedWrong(run)) return [];
    const { messages, results } = run;
    return results.options.nodeIds.flatMap((node) =>
      messages.addsOf(node).flatMap((add) => {
        const swap = refusedFor(add, node, messages);
        if (swap === undefined) return [];
        const { exchange, reply } = swap;
        const { key, from, to } = exchange.request.body;
        const end =
          add.reply === undefined
            ? `left ${add.request.src} without an answer to its add of ${add.delta}`
            : `acknowledged the add of ${add.delta} at ${at(add.reply.sentMs)}`;
        return [
          {
            evidence:
              `${node} swapped ${shown(key)} from ${shown(from)} to ${shown(to)} at ${at(exchange.request.sentMs)}, and ` +
              `${exchange.request.dest} refused with error ${shown(reply.body['code'])}: ${shown(reply.body['text'])}. ` +
              `${node} did not try again and ${end}.`,
            messages: [add.request.id, exchange.request.id, reply.id, ...(add.reply ? [add.reply.id] : [])],
          },
        ];
      }),
    );
  },
};

/** The swap for this add alone that was refused, if nothing was done about it. */
function refusedFor({ request, delta, reply: answer, acknowledged }: Add, node: string, messages: Messages) {
  const isLeft = answer === undefined && request.sentMs + CLIENT_TIMEOUT_MS <= messages.endMs;
  if (!acknowledged && !isLeft) return undefined;
  const endMs = answer?.sentMs ?? request.sentMs + CLIENT_TIMEOUT_MS;
  const isWithin = (exchange: Exchange): boolean =>
    exchange.request.id > request.id &&
    (answer === undefined ? exchange.request.sentMs <= endMs : exchange.request.id < answer.id);
  const within = messages.requestsOf(node).filter(isWithin);
  for (const [index, exchange] of within.entries()) {
    const { type, key, from, to } = exchange.request.body;
    if (type !== 'cas' || Number(to) - (typeof from === 'number' ? from : 0) !== delta) continue;
    // An acknowledgement that came first did not wait for the swap, which is another mistake.
    const reply = exchange.replies.find(
      ({ id, receivedMs = Infinity }) => id < (answer?.id ?? Infinity) && receivedMs <= endMs,
    );
    if (reply === undefined || !REFUSALS.has(reply.body['code'])) continue;
    const later = within.slice(index + 1);
    if (later.some((other) => shown(other.request.body['key']) === shown(key))) continue;
    if (answer === undefined && isStartedAgain(node, request.sentMs, endMs, messages)) continue;
    return { exchange, reply };
  }
  return undefined;
}

/** A node that was killed could do nothing more. */
const isStartedAgain = (node: string, fromMs: number, toMs: number, messages: Messages): boolean =>
  messages
    .requestsTo(node)
    .some(({ request: { body, sentMs } }) => body['type'] === 'init' && sentMs >= fromMs && sentMs <= toMs);
