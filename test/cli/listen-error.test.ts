/** Why a program cannot listen is said in one line, with the flag that mends it. */
import { expect, test } from 'vitest';
import { listenErrorText } from '../../src/cli/listen-error.ts';

const textOf = (code: string): string =>
  listenErrorText(Object.assign(new Error(`listen ${code}`), { code }), 'count.example', 80);

test.each([
  ['EADDRINUSE', /^port 80 of count\.example is in use: choose another port with --port$/],
  ['EACCES', /^port 80 of count\.example may not be used by user \d+: choose a port from 1024 with --port$/],
  ['EPERM', /^port 80 of count\.example may not be used by user \d+: choose a port from 1024 with --port$/],
  ['EADDRNOTAVAIL', /^count\.example is not an address of this machine: choose another with --host$/],
  ['ENOTFOUND', /^count\.example is not a name that this machine knows: choose an address with --host$/],
  ['EAI_AGAIN', /^count\.example is not a name that this machine knows: choose an address with --host$/],
  ['EMFILE', /^cannot listen on port 80 of count\.example: listen EMFILE$/],
])('%s', (code, text) => {
  expect(textOf(code)).toMatch(text);
});
