/** The report says why a run went as it did, what to try, and which messages show it. */
import { expect, test } from 'vitest';
import type { Diagnosis } from '../../../src/workbench/nodes/diagnosis.ts';
import { report } from '../../../src/workbench/report/report.ts';
import type { ReportInput } from '../../../src/workbench/report/view.ts';
import { add, delivery, inputOf, read } from '../../support/report-runs.ts';

const stale: Diagnosis = {
  id: 'stale-read',
  evidence: 'seq-kv answered “counter-n0 = <4>”.',
  remedy: 'Write a value never written before.',
  docs: 'docs/diagnoses.md#stale-read',
  count: 3,
  messages: [5, 900],
};

const inWindow = delivery(5, 'seq-kv', 'n1', { type: 'read_ok', value: 4, in_reply_to: 1 });
const elsewhere = delivery(900, 'n1', 'seq-kv', { type: 'write', key: 'a', value: '<b>' });

function inputWith(diagnoses: readonly Diagnosis[], of: Partial<ReportInput> = {}): ReportInput {
  const input = inputOf([add(0, 1, 3), read(2, 9, 0)], { window: { fromMs: 0, toMs: 20 }, ...of });
  return { ...input, results: { ...input.results, diagnoses } };
}

test('a run without a diagnosis has no such section', () => {
  expect(report(inputWith([])).html).not.toContain('what to try');
});

test('a diagnosis is told with how often it happened, what to try and where there is more', () => {
  const { html } = report(inputWith([stale]));
  for (const text of [
    'Why, and what to try',
    'stale-read',
    '3 times; the first:',
    'seq-kv answered “counter-n0 = &lt;4&gt;”.',
    'Write a value never written before.',
    'docs/diagnoses.md#stale-read',
  ]) {
    expect(html).toContain(text);
  }
});

test('its messages are listed, marked in the diagram where they are in it, and linked to there', () => {
  const { html } = report(inputWith([stale], { deliveries: [inWindow], evidence: [inWindow, elsewhere] }));
  expect(html).toContain('<a href="#message-5">0.005 s</a>');
  expect(html.match(/<g id="message-5" class="bad">/g)).toHaveLength(1);
  expect(html).toContain(
    '{&quot;type&quot;:&quot;write&quot;,&quot;key&quot;:&quot;a&quot;,&quot;value&quot;:&quot;&lt;b&gt;&quot;}',
  );
  expect(html).not.toContain('message-900');
});

test('of a message that arrived twice, the first copy is linked to', () => {
  const copies = [inWindow, { ...inWindow, receivedMs: 12 }];
  const { html } = report(inputWith([stale], { deliveries: copies, evidence: copies }));
  expect(html.match(/id="message-5"/g)).toHaveLength(1);
});
