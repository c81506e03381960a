/** What is recognised in simulated runs of planted bugs, and what a diagnosis says. */
import { expect, test } from 'vitest';
import type { RunOptions } from '../../../src/workbench/nodes/options.ts';
import { diagnosed } from '../../support/diagnosed.ts';
import { challenge } from '../../support/run-options.ts';
import { designNodes } from '../../mutants/designs.ts';
import { mutantNamed } from '../../mutants/node.ts';

const calm: RunOptions = { ...challenge(3), timeLimitMs: 3000, recoveryTimeMs: 1000, faults: new Set() };
const lossy: RunOptions = {
  ...calm,
  timeLimitMs: 10_000,
  faults: new Set(['loss']),
  nemesisIntervalMs: 1000,
};
const killing: RunOptions = { ...lossy, faults: new Set(['kill']) };

const nodeNamed = (name: string) => designNodes[name] ?? mutantNamed(name);

/** What is recognised in at least one of ten seeds. */
async function recognised(name: string, options: RunOptions): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let seed = 1; seed <= 10; seed++) {
    const { diagnoses } = await diagnosed({ ...options, seed }, nodeNamed(name));
    for (const { id } of diagnoses) ids.add(id);
  }
  return ids;
}

test.each<[string, RunOptions, string]>([
  ['no-barrier', calm, 'stale-read'],
  ['swap-same-value', calm, 'stale-read'],
  ['shared-key', calm, 'shared-key'],
  ['add-again-on-timeout', lossy, 'added-twice'],
  ['gossip-totals', killing, 'memory-only'],
  ['answer-late', { ...calm, timeLimitMs: 10_000 }, 'answers-late'],
])('%s is told so', async (name, options, id) => {
  expect(await recognised(name, options)).toContain(id);
});

test.each(['forget-node', 'acknowledge-early', 'join-running-sweep'])(
  'what is wrong with %s is not among the mistakes that are recognised, and no other is suspected',
  async (name) => {
    expect([...(await recognised(name, calm))]).toEqual([]);
  },
);

test('a stale read is told with the key, its value, the age of the state, and the messages', async () => {
  const { diagnoses } = await diagnosed(calm, nodeNamed('no-barrier'));
  expect(diagnoses).toMatchObject([{ id: 'stale-read', docs: 'docs/diagnoses.md#stale-read' }]);
  const [first] = diagnoses;
  expect(first?.evidence).toMatch(
    /^seq-kv answered “counter-n\d (?:= \d+|does not exist)” to n\d at \d\.\d{3} s, from a state \d+(?:\.\d)? ms old: it held \d+ by then\. n\d had changed nothing in seq-kv (?:at all|since \d\.\d{3} s)\. So the read that began at \d\.\d{3} s returned \d+\.$/,
  );
  expect(first?.messages).toHaveLength(4);
  expect(first?.count).toBeGreaterThan(1);
});
