/** What servers of another version say: recorded messages of the one before, and what one to come may send. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ClusterFile } from '../../src/cluster/cluster-file.ts';
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from '../../src/cluster/codec.ts';
import { Keyring } from '../../src/cluster/hmac.ts';
import { PeerRpc, UntrustedPeerError } from '../../src/cluster/peer-rpc.ts';
import { NewerVersionError } from '../../src/runtime/decode.ts';
import { parseJson } from '../../src/runtime/json.ts';
import { listFrom, objectFrom, textFrom } from '../support/json.ts';
import { MemoryFiles } from '../support/memory-files.ts';
import { SENDER } from '../support/memory-replica.ts';

const recorded = objectFrom(parseJson(readFileSync('test/fixtures/peer-messages-7c94479.json', 'utf8')));
const keyring = new Keyring([textFrom(recorded['key'])]);
const messages = listFrom(recorded['messages']).map((message) => {
  const { request, response } = objectFrom(message);
  return { request: textFrom(request), response: textFrom(response) };
});

describe('messages of the version before', () => {
  test('are all that there are', () => {
    const types = messages.flatMap(({ request, response }) =>
      [request, response].map((text) => /"type":"([\w-]+)"/.exec(text)?.[1]),
    );
    expect([...new Set(types)].toSorted((a = '', b = '') => (a < b ? -1 : 1))).toEqual([
      'compare',
      'differ',
      'done',
      'entries',
      'exchange',
      'hello',
      'news',
      'ping',
      'pong',
      'refused',
      'update',
      'welcome',
    ]);
  });

  test.each(messages)(
    'are read, and written in the same words and with the same signature: $request',
    ({ request, response }) => {
      const asked = keyring.verify('request', '', request) ?? '';
      const decoded = decodeRequest(asked);
      expect(keyring.sign('request', '', encodeRequest(decoded))).toBe(request);
      const context = `${decoded.from.bootId} ${decoded.to} ${decoded.seq}`;
      const answered = keyring.verify('reply', context, response) ?? '';
      expect(keyring.sign('reply', context, encodeResponse(decodeResponse(answered)))).toBe(response);
    },
  );
});

describe('a message of a version to come', () => {
  const request = encodeRequest({ from: SENDER, to: '', seq: 1, body: { type: 'identify' } });
  const response = encodeResponse({ from: SENDER, body: { type: 'identity' } });
  const newer = (text: string): string => text.replace('{', '{"version":2,"more":true,');

  test('is refused as such, whatever else it has', () => {
    expect(() => decodeRequest(newer(request))).toThrow(NewerVersionError);
    expect(() => decodeResponse(newer(response))).toThrow(
      'the message is of version 2, and this program knows 1: use a newer one',
    );
  });

  test('that names the present version is read', () => {
    expect(decodeRequest(request.replace('{', '{"version":1,'))).toEqual(decodeRequest(request));
    expect(decodeResponse(response.replace('{', '{"version":1,'))).toEqual(decodeResponse(response));
  });

  test('makes who has sent it one that is not trusted, which is logged once', async () => {
    const rpc = new PeerRpc({
      self: () => SENDER,
      keyring,
      transport: {
        send: (_, text) => {
          const { from, to, seq } = decodeRequest(keyring.verify('request', '', text) ?? '');
          return Promise.resolve(keyring.sign('reply', `${from.bootId} ${to} ${seq}`, newer(response)));
        },
      },
    });
    await expect(rpc.ask('10.0.0.1:8080', '', { type: 'identify' }, 1000)).rejects.toThrow(
      UntrustedPeerError,
    );
  });
});

test('what a newer version remembers of its cluster is not forgotten by an older one, which does not start', async () => {
  const files = new MemoryFiles();
  files.put('cluster.json', Buffer.from('{"version":2,"peers":{},"removals":[]}'));
  const warnings: string[] = [];
  await expect(new ClusterFile(files, (text) => warnings.push(text)).read()).rejects.toThrow(
    'cluster.json is of version 2, and this program knows 1: use a newer one',
  );
  expect([warnings, files.names()]).toEqual([[], ['cluster.json']]);
});
