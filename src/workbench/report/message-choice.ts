import type { Message } from '../../maelstrom/message.ts';
import type { Operation } from '../nodes/history.ts';
import { type Delivery, isClient } from '../sim/network.ts';
import { answerOf, evidenceOf } from './evidence.ts';
import type { View } from './view.ts';

/** More would take long to look at. The window aims at fewer. */
const MESSAGES = 220;
/** What still happened when it had its answer. */
const MESSAGES_AFTER = 12;

/** The messages that are drawn. */
export interface Choice {
  /** In the order in which they were sent. */
  readonly shown: readonly Delivery[];
  /** The question and the answer that it is all about. */
  readonly marked: ReadonlySet<Delivery>;
  /** If there were too many: the nodes whose messages these are. */
  readonly only: readonly string[];
}

/** All messages of the window; of too many those that concern what went wrong first, and of these the last ones. */
export function chooseMessages({ deliveries, problems, operations }: View): Choice {
  const inOrder = deliveries.toSorted((a, b) => a.sentMs - b.sentMs || a.id - b.id);
  const [problem] = problems;
  if (problem === undefined) return { shown: inOrder.slice(0, MESSAGES), marked: new Set(), only: [] };
  const { operation, suspects } = evidenceOf(problem, operations);
  const marked = messagesOf(operation, inOrder);
  const concerned = new Set([operation.node, ...[...suspects].map((add) => add.node)]);
  const isMany = inOrder.length > MESSAGES;
  const telling = isMany
    ? inOrder.filter(({ message: { src, dest } }) => concerned.has(src) || concerned.has(dest))
    : inOrder;
  const last = telling.findLastIndex((delivery) => marked.has(delivery));
  const end = last === -1 ? telling.length : last + MESSAGES_AFTER;
  const shown = telling.filter((delivery, i) => (i >= end - MESSAGES && i < end) || marked.has(delivery));
  return { shown, marked, only: isMany ? [...concerned] : [] };
}

/** How far the clock may move between an operation and its message. */
const TOLERANCE_MS = 5;

/** The question and the answer of an operation. A history knows nothing of messages, but time and node tell. */
function messagesOf(operation: Operation, deliveries: readonly Delivery[]): Set<Delivery> {
  const { f, node, invoked, completed } = operation;
  const value = answerOf(operation);
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= TOLERANCE_MS;
  const questions = deliveries.filter(
    ({ sentMs, message: { src, dest, body } }) =>
      isClient(src) && dest === node && body['type'] === f && near(sentMs, invoked.timeMs),
  );
  const [best] = questions
    .map((question) => ({ question, answer: answerTo(question.message, deliveries) }))
    .filter(({ answer }) => {
      if (value === undefined || answer === undefined) return value === undefined;
      const { sentMs, receivedMs = sentMs, message } = answer;
      return message.body['value'] === value && near(receivedMs, completed.timeMs);
    })
    .toSorted(
      (a, b) => Math.abs(a.question.sentMs - invoked.timeMs) - Math.abs(b.question.sentMs - invoked.timeMs),
    );
  if (best === undefined) return new Set();
  return new Set(best.answer === undefined ? [best.question] : [best.question, best.answer]);
}

const answerTo = ({ src, dest, body }: Message, deliveries: readonly Delivery[]): Delivery | undefined =>
  deliveries.find(
    ({ message }) =>
      message.src === dest && message.dest === src && message.body['in_reply_to'] === body['msg_id'],
  );
