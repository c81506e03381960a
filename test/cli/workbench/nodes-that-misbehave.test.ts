/** Programs that are no proper nodes: each is named with what it has done, and what Maelstrom makes of it. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { WorkbenchDirectory, answerInit } from '../../support/workbench-process.ts';

const workbenches = new WorkbenchDirectory();
afterAll(() => workbenches.remove());

const single = ['test', '-w', 'g-counter', '--node-count', '1'];
const short = ['test', '-w', 'g-counter', '--node-count', '3', '--rate', '100', '--recovery-time', '0'];
const node = resolve('bin/g-counter');

test.each([
  [
    'dies at start',
    'echo "no such luck" >&2; exit 3',
    'n0 exited with status 3; its stderr ended with\n  no such luck',
  ],
  [
    'answers init wrongly',
    `read line; echo '{"src":"n0","dest":"c0","body":{"type":"no","in_reply_to":1}}'; exec sleep 60`,
    'n0 did not answer init but with {"type":"no","in_reply_to":1}',
  ],
  [
    'dies half-way',
    `read line; echo '{"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}'; read line; echo alas >&2; exit 9`,
    'n0 exited with status 9; its stderr ended with\n  alas',
  ],
  [
    'floods stdout',
    `exec yes '{"src":"n0","dest":"n0","body":{"type":"noise"}}'`,
    'n0 floods the network: it sent',
  ],
  ['wraps what does not end', 'sleep 60 & exit 3', 'n0 exited with status 3'],
])(
  'a node that %s ends the run and is named; Maelstrom has no verdict on it but an error',
  async (name, script, complaint) => {
    const bad = workbenches.program(name.replaceAll(' ', '-'), script);
    const { status, stdout } = await workbenches.run([...single, '--bin', bad]);
    expect(stdout).toContain(complaint);
    expect(stdout).toMatch(/^every read +INVALID: 1 problem$/m);
    expect(stdout).toMatch(/^Maelstrom's check +NONE: such a node ends a test with an error$/m);
    expect(status).toBe(255);
  },
);

test('by the strict check, such a run is not valid', async () => {
  const bad = workbenches.program('dies', 'exit 3');
  expect((await workbenches.run([...single, '--bin', bad, '--check', 'strict'])).status).toBe(1);
});

test('a script whose interpreter is not there ends the run with that reason', async () => {
  const script = join(workbenches.path, 'no-interpreter');
  writeFileSync(script, '#!/no/such/interpreter\n');
  chmodSync(script, 0o755);
  const { status, stdout } = await workbenches.run([...short, '--node-count', '1', '--bin', script]);
  expect(stdout).toMatch(/n0 could not be started: the interpreter that its first line names is not found/);
  expect(status).toBe(255);
});

test.concurrent.each([
  ['a line that is not JSON', 'hello', 'wrote a line that is not a message: hello'],
  [
    'a line with a byte-order mark',
    '\ufeff{"src":"n0","dest":"n1","body":{"type":"x","msg_id":1}}',
    'wrote a line that is not a message: \ufeff{',
  ],
  [
    'a fraction for an integer',
    '{"src":"n0","dest":"n1","body":{"type":"x","msg_id":1.0}}',
    'wrote a line that is not a message: {',
  ],
  [
    'to an unknown node',
    '{"src":"n0","dest":"n99","body":{}}',
    'sent a message to n99, which does not exist: {',
  ],
])(
  'a node that writes %s is silenced: Maelstrom accepts the run, every read does not',
  async (_, line, complaint) => {
    // The shipped node, except that n0 goes wrong after its sixth message.
    const odd = workbenches.program(
      `odd-${complaint.length}`,
      `n=0; ${node} | while IFS= read -r out; do printf '%s\\n' "$out"; n=$((n+1)); ` +
        `case "$n $out" in '6 {"src":"n0"'*) printf '%s\\n' '${line}';; esac; done`,
    );
    const { status, stdout, stderr } = await workbenches.run([...short, '--bin', odd, '--time-limit', '1']);
    const said = `n0 ${complaint}`;
    expect(stderr).toContain(said);
    expect(stdout).toContain(`\n- ${said}`);
    expect(stdout).toMatch(/^every read +INVALID: [23] problems$/m);
    expect(stdout).toMatch(
      /^Maelstrom's check +VALID, though\n- 1 of 3 final reads was not answered\n- nothing from n0 was read after \d\.\d{3} s: it /m,
    );
    expect(status).toBe(0);
  },
);

test.concurrent('half a line written before a kill is not held against the node', async () => {
  const halfSpoken = workbenches.program('half-spoken', `${answerInit}printf '{"src":"n0"'; sleep 60`);
  const nemesis = ['--nemesis', 'kill', '--nemesis-interval', '0.2', '--time-limit', '2'];
  const { stdout } = await workbenches.run([...short, '--node-count', '1', '--bin', halfSpoken, ...nemesis]);
  expect(stdout).not.toContain('not a message');
});
