/** What is said of seq-kv holds for whatever was asked of it, compared with a client that is always at the present. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Body, OutgoingBody } from '../../../src/maelstrom/message.ts';
import { Messages } from '../../../src/workbench/diagnosis/messages.ts';
import { StoreHistory } from '../../../src/workbench/diagnosis/store-history.ts';
import { type StoreModel, SequentialKv, storeModels } from '../../../src/workbench/nodes/kv-service.ts';
import { streams } from '../../../src/workbench/sim/random.ts';
import type { Delivery } from '../../../src/workbench/sim/network.ts';
import { delivery } from '../../support/report-runs.ts';

const key = fc.constantFrom('a', 'b');
const value = fc.nat({ max: 3 });
const request: fc.Arbitrary<Body> = fc.oneof(
  fc.record({ type: fc.constant('read'), key }),
  fc.record({ type: fc.constant('write'), key, value }),
  fc.record({
    type: fc.constant('cas'),
    key,
    from: value,
    to: value,
    create_if_not_exists: fc.boolean(),
  }),
);

/** Sends requests to seq-kv, and returns the messages, and for each answer to a read what a fresh read was answered. */
function run(seed: number, model: StoreModel, requests: readonly (readonly [string, Body])[]) {
  const store = new SequentialKv(streams(seed)('seq-kv'), model);
  const deliveries: Delivery[] = [];
  const truths = new Map<number, OutgoingBody | undefined>();
  for (const [index, [client, body]] of requests.entries()) {
    const id = 2 * index + 1;
    const reply = store.handle(client, body);
    deliveries.push(
      delivery(id, client, 'seq-kv', { ...body, msg_id: id }),
      delivery(id + 1, 'seq-kv', client, { ...reply, in_reply_to: id }),
    );
    if (body['type'] !== 'read') continue;
    store.handle('present', { type: 'write', key: 'present', value: id });
    truths.set(id + 1, store.handle('present', body));
  }
  return { messages: new Messages(deliveries), truths };
}

test('an answer is called outdated only if the key held what is said', () => {
  let outdatedAnswers = 0;
  fc.assert(
    fc.property(
      fc.nat(),
      fc.constantFrom(...storeModels),
      fc.array(fc.tuple(fc.constantFrom('n0', 'n1', 'n2'), request), { maxLength: 40 }),
      (seed, model, requests) => {
        const { messages, truths } = run(seed, model, requests);
        const history = new StoreHistory(messages, 'seq-kv');
        for (const reply of messages.all) {
          const truth = truths.get(reply.id);
          if (truth === undefined) continue;
          const asked = messages.all[reply.id - 2];
          const outdated = history.outdatedBy(asked?.body['key'], reply);
          if (outdated === undefined) continue;
          outdatedAnswers++;
          expect(truth['value']).toBe(outdated.newest.value);
          expect(reply.body['value']).not.toBe(outdated.newest.value);
        }
      },
    ),
    { numRuns: 2000 },
  );
  expect(outdatedAnswers).toBeGreaterThan(100);
});
