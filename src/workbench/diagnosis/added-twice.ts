/**
 * A swap whose answer was lost, and a second, different one for the same add: both took effect.
 */
import { CLIENT_TIMEOUT_MS } from '../nodes/client.ts';
import { type Add, type Exchange, type Messages, type Sent, listIn } from './messages.ts';
import { type Finding, type Mistake, countedWrong } from './mistake.ts';
import { at, shown } from './words.ts';

export const addedTwice: Mistake = {
  id: 'added-twice',
  remedy:
    'No answer does not mean that nothing happened. Send the very same swap again, with the same from and to: totals ' +
    'only grow, so it cannot take effect twice. If it is refused and the key holds to, the first one had taken effect.',
  find(run) {
    if (!countedWrong(run)) return [];
    const { messages, results } = run;
    return results.options.nodeIds.flatMap((node) => {
      const byKey = new Map<string, Swap[]>();
      for (const exchange of messages.requestsOf(node)) {
        const swap = swapIn(exchange);
        if (swap !== undefined) listIn(byKey, shown(exchange.request.body['key'])).push(swap);
      }
      return [...byKey.values()].flatMap((swaps) => twiceAmong(swaps, node, messages));
    });
  },
};

/** A swap that took effect. */
interface Swap {
  readonly request: Sent;
  readonly reply: Sent;
  readonly from: number;
  readonly to: number;
}

function swapIn({ request, replies }: Exchange): Swap | undefined {
  const { type, from, to } = request.body;
  const reply = replies.find(({ body }) => body['type'] === 'cas_ok');
  if (type !== 'cas' || typeof to !== 'number' || reply === undefined) return undefined;
  return { request, reply, from: typeof from === 'number' ? from : 0, to };
}

function twiceAmong(swaps: readonly Swap[], node: string, messages: Messages): Finding[] {
  const adds = messages.addsOf(node);
  const everAsked = sumOf(adds);
  const isTooMuch =
    (swaps.at(-1)?.to ?? 0) > everAsked && swaps.every(({ from }, i) => from === (swaps[i - 1]?.to ?? 0));
  return swaps.flatMap((second, index) => {
    const first = swaps[index - 1];
    if (first === undefined || second.from < first.to) return [];
    const increment = first.to - first.from;
    if (increment <= 0 || second.to - second.from !== increment) return [];
    const { sentMs } = second.request;
    if (first.reply.receivedMs !== undefined && first.reply.receivedMs <= sentMs) return [];
    // All adds that either swap can have been for.
    const open = adds.filter(
      ({ request, reply }) =>
        request.id < second.request.id &&
        request.sentMs > first.request.sentMs - CLIENT_TIMEOUT_MS &&
        (reply === undefined || reply.id > first.request.id),
    );
    const asked = sumOf(open);
    if (open.length === 0 || (asked >= 2 * increment && !isTooMuch)) return [];
    const key = shown(first.request.body['key']);
    const fate =
      first.reply.receivedMs === undefined ? 'was lost' : `arrived at ${at(first.reply.receivedMs)}`;
    return [
      {
        evidence:
          `${first.request.dest} swapped ${key} from ${first.from} to ${first.to} for ${node} at ${at(first.reply.sentMs)}; ` +
          `the answer ${fate}. At ${at(sentMs)}, ${node} swapped from ${second.from} to ${second.to} as well. ` +
          (asked < 2 * increment
            ? `Clients had asked it for ${asked} in that time, and the key rose by ${2 * increment}.`
            : `In the end, the key held more than clients had ever asked it for, ${everAsked}.`),
        messages: [first.request.id, first.reply.id, second.request.id, second.reply.id],
      },
    ];
  });
}

const sumOf = (adds: readonly Add[]): number => adds.reduce((sum, { delta }) => sum + delta, 0);
