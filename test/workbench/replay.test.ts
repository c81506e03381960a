/** How a recorded conversation is read; test/cli/workbench replays whole ones. */
import { expect, test } from 'vitest';
import { FixtureError, parseFixture } from '../../src/workbench/replay.ts';

const init = '{"src":"c1","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}';
const initOk = '{"src":"n1","dest":"c1","body":{"type":"init_ok","in_reply_to":1}}';

test('comments and empty lines are skipped, and lines keep the numbers that an editor shows', () => {
  const { nodeId, lines } = parseFixture(
    `# The story.\n\n${init}\n  \t# "src" is who sends.\n \n${initOk}\n#`,
  );
  expect(nodeId).toBe('n1');
  expect(lines.map(({ number, message }) => [number, message.body['type']])).toEqual([
    [3, 'init'],
    [6, 'init_ok'],
  ]);
});

test.each([
  ['a # after a message is not a comment', `${init} # why`, 'line 1 is not a message'],
  [
    'a line that is neither a message nor a comment is named',
    `# so\n${init}\nwhy`,
    'line 3 is not a message',
  ],
  ['comments alone are not a conversation', '# so', 'the first message is not an init that names the node'],
])('%s', (_, text, complaint) => {
  expect(() => parseFixture(text)).toThrow(new FixtureError(complaint));
});
