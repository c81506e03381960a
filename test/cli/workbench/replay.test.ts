/** `g-counter-workbench replay`: fixtures against the shipped node, and against one that departs from them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { WorkbenchDirectory } from '../../support/workbench-process.ts';

const workbenches = new WorkbenchDirectory();
afterAll(() => workbenches.remove());

const mutant = resolve('test/mutants/mutant');

const fixture = (name: string): string => resolve('test/fixtures', name);

test('the node does what the fixtures say', async () => {
  const withStore = ['cas-conflict.jsonl', 'lost-cas-answer.jsonl', 'restart.jsonl', 'errors.jsonl'].map(
    fixture,
  );
  expect(await workbenches.run(['replay', ...withStore])).toMatchObject({ status: 0, stderr: '' });
  const alone = await workbenches.run(['replay', fixture('challenge.jsonl'), '--', '--store', 'memory']);
  expect(alone).toEqual({
    status: 0,
    stderr: '',
    stdout: `${fixture('challenge.jsonl')}: as expected, all 8 messages\n`,
  });
});

test('a fixture may begin with a byte-order mark', async () => {
  const marked = join(workbenches.path, 'marked.jsonl');
  const challenge = readFileSync(fixture('challenge.jsonl'), 'utf8').replaceAll(/^#.*\n|^\n/gm, '');
  writeFileSync(marked, `\ufeff${challenge}`);
  const { status, stdout } = await workbenches.run(['replay', marked, '--', '--store', 'memory']);
  expect([status, stdout]).toEqual([0, `${marked}: as expected, all 8 messages\n`]);
  writeFileSync(marked, `\ufeff${challenge}`, 'utf16le');
  expect((await workbenches.run(['replay', marked])).stderr).toContain(
    'is not a fixture: begins with the byte-order mark of UTF-16, not UTF-8',
  );
});

test('the first difference is shown with its line', async () => {
  const changed = join(workbenches.path, 'changed.jsonl');
  writeFileSync(changed, readFileSync(fixture('challenge.jsonl'), 'utf8').replace('1234', '1235'));
  const { status, stdout } = await workbenches.run(['replay', changed, '--', '--store', 'memory']);
  expect(status).toBe(1);
  expect(stdout).toBe(
    `${changed}:8: the node departs from the fixture\n` +
      '  expected {"src":"n1","dest":"c1","body":{"type":"read_ok","value":1235,"in_reply_to":4}}\n' +
      '  received {"src":"n1","dest":"c1","body":{"type":"read_ok","value":1234,"in_reply_to":4}}\n',
  );
});

test('a node that does something else is found out', async () => {
  const args = ['replay', fixture('lost-cas-answer.jsonl'), '--bin', mutant, '--', 'no-barrier'];
  const { status, stdout } = await workbenches.run(args);
  expect(status).toBe(1);
  expect(stdout).toContain('lost-cas-answer.jsonl:9: the node departs from the fixture');
});

test.each([
  ['', 'the first message is not an init that names the node'],
  ['{"src":"c1"}', 'line 1 is not a message'],
])('%j is not a fixture', async (text, complaint) => {
  const file = join(workbenches.path, 'bad.jsonl');
  writeFileSync(file, text);
  expect(await workbenches.run(['replay', file])).toMatchObject({
    status: 2,
    stderr: `g-counter-workbench: ${file} is not a fixture: ${complaint}; see --help\n`,
  });
});
