/** What is recognised in messages that are written here by hand. */
import { expect, test } from 'vitest';
import { swapGivenUp } from '../../../src/workbench/diagnosis/swap-given-up.ts';
import { Messages } from '../../../src/workbench/diagnosis/messages.ts';
import type { RecordedRun } from '../../../src/workbench/diagnosis/mistake.ts';
import { nothingArrives, noLineEnd } from '../../../src/workbench/diagnosis/output.ts';
import { replyToWrongRequest, replyWithoutId } from '../../../src/workbench/diagnosis/replies.ts';
import type { Delivery } from '../../../src/workbench/sim/network.ts';
import { add, delivery, inputOf, read } from '../../support/report-runs.ts';

/** A run in which a read was wrong. */
const runWith = (deliveries: readonly Delivery[], of: Partial<RecordedRun> = {}): RecordedRun => {
  const { results, problems } = inputOf([add(0, 1, 3), read(2, 3, 0)]);
  return { messages: new Messages(deliveries), results, problems, offences: [], outputs: [], ...of };
};

const asked = delivery(1, 'c0', 'n0', { type: 'add', delta: 3, msg_id: 7 });
const swap = { type: 'cas', key: 'counter-n0', from: 0, to: 3, msg_id: 1 };
const refused = { type: 'error', code: 22, text: 'current value 1 is not 0', in_reply_to: 1 };

test('a reply without in_reply_to is one mistake, with the number of no open request another', () => {
  const reply = (body: object) => runWith([asked, delivery(2, 'n0', 'c0', { type: 'add_ok', ...body })]);
  expect(replyWithoutId.find(reply({}))).toEqual([
    {
      evidence:
        'n0 sent {"type":"add_ok"} to c0 at 0.002 s, without in_reply_to. c0 was waiting for the reply to add, msg_id 7.',
      messages: [1, 2],
    },
  ]);
  expect(replyWithoutId.find(reply({ in_reply_to: 7 }))).toEqual([]);
  expect(replyToWrongRequest.find(reply({ in_reply_to: 7 }))).toEqual([]);
  expect(replyToWrongRequest.find(reply({ in_reply_to: 8 }))).toHaveLength(1);
});

test('a second reply to the same request is to the wrong one', () => {
  const replies = [2, 3].map((id) => delivery(id, 'n0', 'c0', { type: 'add_ok', in_reply_to: 7 }));
  const [finding] = replyToWrongRequest.find(runWith([asked, ...replies]));
  expect(finding?.evidence).toContain('that request had its reply already');
});

test('a refused swap is given up if the add is acknowledged and nothing was done about the key', () => {
  const acknowledged = delivery(9, 'n0', 'c0', { type: 'add_ok', in_reply_to: 7 });
  const until = [asked, delivery(3, 'n0', 'seq-kv', swap), delivery(4, 'seq-kv', 'n0', refused)];
  expect(swapGivenUp.find(runWith([...until, acknowledged]))).toHaveLength(1);
  const again = delivery(6, 'n0', 'seq-kv', { ...swap, from: 1, to: 4, msg_id: 2 });
  expect(swapGivenUp.find(runWith([...until, again, acknowledged]))).toEqual([]);
  expect(swapGivenUp.find(runWith([...until, acknowledged], { problems: [] }))).toEqual([]);
});

test('a node is silent only if clients wait, and has no line end only if it has not gone on', () => {
  const output = { node: 'n0', sent: 0, lastSentMs: 0, unanswered: 1, unfinished: undefined, endedMs: 5000 };
  const find = (of: Partial<typeof output>) =>
    nothingArrives.find(runWith([], { outputs: [{ ...output, ...of }] }));
  expect(find({})).toEqual([
    {
      evidence: 'Nothing arrived on stdout of n0 in 5 s, although it was sent 1 message.',
      messages: [],
    },
  ]);
  expect(find({ unanswered: 0 })).toEqual([]);
  expect(find({ endedMs: 1000 })).toEqual([]);
  const unfinished = { bytes: 23, text: '{"src":"n0","dest":"c0"', ageMs: 4000 };
  const half = runWith([], { outputs: [{ ...output, unfinished }] });
  expect(noLineEnd.find(half)).toHaveLength(1);
  expect(nothingArrives.find(half)).toEqual([]);
  const justNow = { ...output, unfinished: { ...unfinished, ageMs: 1 } };
  expect(noLineEnd.find(runWith([], { outputs: [justNow] }))).toEqual([]);
});
