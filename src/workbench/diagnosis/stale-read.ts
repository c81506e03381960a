/**
 * A read that was judged wrong, for which the node had read a key of `seq-kv` and got an old state. The store may do so for
 * ever to a client that changes nothing in it.
 */
import type { Problem } from '../nodes/checker.ts';
import type { ReadOperation } from '../nodes/history.ts';
import type { Exchange, Messages, Sent } from './messages.ts';
import type { Finding, Mistake } from './mistake.ts';
import { type Outdated, StoreHistory } from './store-history.ts';
import { at, lasting, shown } from './words.ts';

const STORE = 'seq-kv';

export const staleRead: Mistake = {
  id: 'stale-read',
  remedy:
    'When a read arrives, first write a value never written before to a key of the node’s own, and wait for write_ok. ' +
    'That brings the node to the present; what it reads of seq-kv after that is no older.',
  find({ messages, problems }) {
    const history = new StoreHistory(messages, STORE);
    return problems.flatMap((problem) => explained(problem, messages, history));
  },
};

function explained({ operation }: Problem, messages: Messages, history: StoreHistory): Finding[] {
  if (operation.f !== 'read' || operation.value === undefined) return [];
  const read = messages.exchangeOf(operation);
  const end = read?.replies[0];
  if (read === undefined || end === undefined) return [];
  const { node } = operation;
  const answers = messages.requestsOf(node).flatMap(({ request, replies }): Answer[] => {
    const isOfRead = request.id > read.request.id && request.id < end.id;
    if (!isOfRead || request.dest !== STORE || request.body['type'] !== 'read') return [];
    const reply = replies.find(({ id, receivedMs }) => id < end.id && receivedMs !== undefined);
    if (reply === undefined) return [];
    const outdated = history.outdatedBy(request.body['key'], reply);
    // Only what was there before the read began was due.
    const isStale = outdated !== undefined && outdated.since.reply.id < read.request.id;
    return [{ key: shown(request.body['key']), request, reply, outdated: isStale ? outdated : undefined }];
  });
  // With several requests at once, a fresh answer for the same key may be the one that the read is made of.
  const fresh = new Set(answers.filter(({ outdated }) => outdated === undefined).map(({ key }) => key));
  const stale = answers.find(({ key }) => !fresh.has(key));
  return stale?.outdated === undefined ? [] : [findingOf(stale, stale.outdated, operation, read, history)];
}

interface Answer {
  readonly key: string;
  readonly request: Sent;
  readonly reply: Sent;
  /** By what, if the key held something else when the read began. */
  readonly outdated: Outdated | undefined;
}

function findingOf(
  { key, request, reply }: Answer,
  { since, newest }: Outdated,
  { node, invoked, value }: ReadOperation,
  read: Exchange,
  history: StoreHistory,
): Finding {
  const answer = reply.body['type'] === 'read_ok' ? `= ${shown(reply.body['value'])}` : 'does not exist';
  const changed = history.lastBy(node, reply);
  return {
    evidence:
      `${STORE} answered “${key} ${answer}” to ${node} at ${at(reply.sentMs)}, from a state ` +
      `${lasting(reply.sentMs - since.reply.sentMs)} old: it held ${shown(newest.value)} by then. ${node} had changed ` +
      `nothing in ${STORE} ${changed === undefined ? 'at all' : `since ${at(changed.reply.sentMs)}`}. ` +
      `So the read that began at ${at(invoked.timeMs)} returned ${value}.`,
    messages: [read.request, request, reply, ...read.replies.slice(0, 1)].map(({ id }) => id),
  };
}
