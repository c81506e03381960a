/**
 * One key that several nodes swap, and that refuses many of their swaps: a node's swap expects what another node has
 * changed meanwhile.
 */
import { type Exchange, type Messages, listIn } from './messages.ts';
import type { Mistake } from './mistake.ts';
import { counted, listed, shown } from './words.ts';

const REFUSED = 22;
/** Some refusals are normal: seq-kv may judge a swap by an old state. */
const MANY = 5;
const MANY_SHARE = 0.2;

export const sharedKey: Mistake = {
  id: 'shared-key',
  remedy:
    'Give each node a key of its own, such as counter-n0, which no other node writes, and add up all keys to read. ' +
    'Then nodes do not disturb each other, and adds that wait can share one swap.',
  find: ({ messages, results }) =>
    [...swapsByKey(messages, results.options.nodeIds)].flatMap(([key, swaps]) => {
      const nodes = [...new Set(swaps.map(({ request }) => request.src))];
      const refused = swaps.filter(({ replies }) => replies[0]?.body['code'] === REFUSED);
      if (nodes.length < 2 || refused.length < MANY || refused.length < MANY_SHARE * swaps.length) return [];
      const [first] = refused;
      return [
        {
          evidence:
            `${listed(nodes.toSorted())} all swap the key ${key}: of ${counted(swaps.length, 'swap')}, ` +
            `${refused.length} were refused with error ${REFUSED}, and had to be tried again.`,
          messages: first === undefined ? [] : [first.request.id, ...first.replies.map(({ id }) => id)],
        },
      ];
    }),
};

function swapsByKey(messages: Messages, nodeIds: readonly string[]): Map<string, Exchange[]> {
  const byKey = new Map<string, Exchange[]>();
  for (const node of nodeIds) {
    for (const exchange of messages.requestsOf(node)) {
      const { type, key } = exchange.request.body;
      if (type === 'cas') listIn(byKey, `${shown(key)} of ${exchange.request.dest}`).push(exchange);
    }
  }
  return byKey;
}
