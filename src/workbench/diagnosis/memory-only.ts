/**
 * Adds that were acknowledged while only the node itself knew of them: another node cannot count them, and a restart
 * forgets them.
 */
import { isClient } from '../sim/network.ts';
import type { Add, Messages } from './messages.ts';
import { type Finding, type Mistake, countedWrong } from './mistake.ts';
import { at, counted } from './words.ts';

export const memoryOnly: Mistake = {
  id: 'memory-only',
  remedy:
    'Acknowledge an add when its total is in a store, such as seq-kv under a key of the node’s own, or with other nodes. ' +
    'After a start, a node begins with the total that it finds there.',
  find(run) {
    if (!countedWrong(run)) return [];
    const { messages, results } = run;
    const { nodeIds } = results.options;
    return nodeIds.flatMap((node) => [
      ...forgottenBy(node, messages),
      ...(nodeIds.length > 1 ? keptBy(node, messages) : []),
    ]);
  },
};

/** What a node told nobody before it was killed. */
function forgottenBy(node: string, messages: Messages): Finding[] {
  const starts = messages.requestsTo(node).filter(({ request }) => request.body['type'] === 'init');
  return starts.slice(1).flatMap(({ request: start }, index) => {
    const begin = starts[index]?.request.id ?? 0;
    const acknowledged = acknowledgedBy(node, messages).filter(
      ({ request, reply }) => request.id > begin && (reply?.id ?? Infinity) < start.id,
    );
    const told = messages.all.findLast((message) => message.id < start.id && tells(node)(message));
    const lost = acknowledged.filter(({ request }) => request.id > (told?.id ?? -1));
    if (lost.length === 0) return [];
    return [
      {
        evidence:
          `${node} acknowledged ${describe(lost)}, was killed, and started again at ${at(start.sentMs)}. ` +
          'Between these adds and its end, nothing that it sent had reached a service or another node, so they were forgotten.',
        messages: [...idsOf(lost), start.id],
      },
    ];
  });
}

/** What a node told nobody in the whole run. */
function keptBy(node: string, messages: Messages): Finding[] {
  const kept = acknowledgedBy(node, messages);
  if (kept.length === 0 || messages.all.some(tells(node))) return [];
  return [
    {
      evidence:
        `${node} acknowledged ${describe(kept)}, and in the whole run nothing that it sent reached a service or another ` +
        'node. So no other node can count them.',
      messages: idsOf(kept),
    },
  ];
}

const acknowledgedBy = (node: string, messages: Messages): Add[] =>
  messages.addsOf(node).filter(({ acknowledged }) => acknowledged);

/** Whether a message of `node` arrived where it may be remembered. */
const tells =
  (node: string) =>
  ({ src, dest, receivedMs }: Messages['all'][number]): boolean =>
    src === node && dest !== node && !isClient(dest) && receivedMs !== undefined;

function describe(adds: readonly Add[]): string {
  const sum = adds.reduce((total, { delta }) => total + delta, 0);
  const [first] = adds;
  return `${counted(adds.length, 'add')} (${sum} in all, from ${at(first?.request.sentMs ?? 0)})`;
}

const idsOf = ([first]: readonly Add[]): number[] =>
  first === undefined ? [] : [first.request.id, ...(first.reply === undefined ? [] : [first.reply.id])];
