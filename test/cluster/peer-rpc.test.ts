import { DecodeError } from '../../src/runtime/decode.ts';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/runtime/json.ts';
import { encodeResponse, encodeRequest } from '../../src/cluster/codec.ts';
import { PeerRpc, RpcError, addressOf } from '../../src/cluster/peer-rpc.ts';
import type { ResponseBody, RequestBody, Sender } from '../../src/cluster/messages.ts';
import { Keyring } from '../../src/cluster/hmac.ts';
import { SENDER } from '../support/memory-replica.ts';

const KEY = 'a key of the cluster';
const keyring = new Keyring([KEY]);
const PING: RequestBody = { type: 'ping', digest: 'AAAAAAAA', members: 'AAAAAAAA' };

/** A peer that records the requests it handles. */
class Listener {
  readonly heard: (readonly [type: string, address: string])[] = [];
  readonly self: Sender;
  readonly rpc: PeerRpc;

  constructor(bootId: string, with_: Keyring = keyring) {
    this.self = { ...SENDER, bootId };
    this.rpc = new PeerRpc({
      self: () => this.self,
      keyring: with_,
      transport: { send: () => Promise.reject(new Error('it only listens')) },
    });
  }

  receive(signed: string, host = '10.0.0.9'): Promise<string> {
    return this.rpc.handle(signed, host, ({ body }, address) => {
      this.heard.push([body.type, address]);
      return Promise.resolve<ResponseBody>({ type: 'done' });
    });
  }
}

/** A peer that sends to a listener; `carry` is the network between them. */
function asking(
  listener: Listener,
  carry: (signed: string, deliver: (signed: string) => Promise<string>) => Promise<string> = (
    signed,
    deliver,
  ) => deliver(signed),
  bootId = 'asker',
): PeerRpc {
  return new PeerRpc({
    self: () => ({ ...SENDER, bootId }),
    keyring,
    transport: { send: (_address, text) => carry(text, (signed) => listener.receive(signed)) },
  });
}

const signedRequest = (seq: number, to: string, body: RequestBody = PING, bootId = 'asker'): string =>
  keyring.sign('request', '', encodeRequest({ from: { ...SENDER, bootId }, to, seq, body }));

const bodyOf = (bootId: string, seq: number, reply: string, to = 'here'): unknown => {
  const text = keyring.verify('reply', `${bootId} ${to} ${seq}`, reply);
  return text === undefined ? undefined : Object(parseJson(text)).body;
};

const REPEATED = { type: 'refused', why: 'repeated' };

test('a request is answered, and says where its sender can be reached', async () => {
  const listener = new Listener('here');
  const asker = asking(listener);
  const answered = await asker.ask('a:1', 'here', PING, 1000);
  expect(answered).toEqual({ from: listener.self, body: { type: 'done' } });
  expect(listener.heard).toEqual([['ping', '10.0.0.9:8080']]);
  expect(asker.sentBytes).toBe(listener.rpc.receivedBytes);
  expect(asker.receivedBytes).toBe(listener.rpc.sentBytes);
});

test('a sender is reached at the address it gives, or at a port of its host', () => {
  expect(addressOf({ at: 'node-1:80' }, '10.0.0.9')).toBe('node-1:80');
  expect(addressOf({ at: 80 }, '::ffff:10.0.0.9')).toBe('10.0.0.9:80');
  expect(addressOf({ at: 80 }, '::1')).toBe('[::1]:80');
});

describe('a request', () => {
  test('is taken once', async () => {
    const listener = new Listener('here');
    const signed = signedRequest(1, 'here');
    expect(bodyOf('asker', 1, await listener.receive(signed))).toEqual({ type: 'done' });
    expect(bodyOf('asker', 1, await listener.receive(signed))).toMatchObject(REPEATED);
    expect(listener.heard).toHaveLength(1);
  });

  test('is taken once each, in whatever order, as far as it comes in time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 200 }), async (numbers) => {
        const listener = new Listener('here');
        for (const seq of numbers) await listener.receive(signedRequest(seq, 'here'));
        expect(listener.heard).toHaveLength(new Set(numbers).size);
      }),
      { numRuns: 20 },
    );
  });

  test('too old to tell whether it has been received is refused', async () => {
    const listener = new Listener('here');
    await listener.receive(signedRequest(5000, 'here'));
    await listener.receive(signedRequest(5000 - 1023, 'here'));
    expect(listener.heard).toHaveLength(2);
    expect(bodyOf('asker', 3976, await listener.receive(signedRequest(3976, 'here')))).toMatchObject(
      REPEATED,
    );
  });

  test('of ten thousand is still taken once', async () => {
    const listener = new Listener('here');
    for (let seq = 1; seq <= 10_000; seq++) await listener.receive(signedRequest(seq, 'here'));
    for (let seq = 1; seq <= 10_000; seq += 7) await listener.receive(signedRequest(seq, 'here'));
    expect(listener.heard).toHaveLength(10_000);
  });

  test('of another boot id has numbers of its own', async () => {
    const listener = new Listener('here');
    await listener.receive(signedRequest(1, 'here'));
    await listener.receive(signedRequest(1, 'here', PING, 'another'));
    expect(listener.heard).toHaveLength(2);
  });

  test('for another boot id is refused', async () => {
    const listener = new Listener('here');
    for (const to of ['there', '', 'her', 'heree']) {
      const reply = await listener.receive(signedRequest(1, to));
      expect(bodyOf('asker', 1, reply, to)).toMatchObject({ type: 'refused', why: 'other-life' });
    }
    expect(listener.heard).toEqual([]);
  });

  test('to identify is answered by any process, as often as it comes', async () => {
    const listener = new Listener('here');
    const signed = signedRequest(1, '', { type: 'identify' });
    await listener.receive(signed);
    await listener.receive(signed);
    expect(listener.heard).toHaveLength(2);
  });

  test.each<readonly [string, string]>([
    ['has no keyring', encodeRequest({ from: SENDER, to: 'here', seq: 1, body: PING })],
    ['has the keyring of another key', new Keyring(['another key of 16']).sign('request', '', '{}')],
    ['was signed as a response', keyring.sign('reply', '', '{}')],
    ['was signed as a beacon', keyring.sign('beacon', '', '{}')],
    ['makes no sense under its keyring', keyring.sign('request', '', '{}')],
    ['is empty', ''],
    ['is noise', '\u0000\ufffd'.repeat(1000)],
  ])('that %s is rejected', async (_what, signed) => {
    const listener = new Listener('here');
    await expect(listener.receive(signed)).rejects.toThrow(DecodeError);
    expect(listener.heard).toEqual([]);
  });

  test('with any character changed is rejected', async () => {
    const listener = new Listener('here');
    const signed = signedRequest(1, 'here');
    for (let at = 0; at < signed.length; at++) {
      const other = signed[at] === 'x' ? 'y' : 'x';
      const forged = signed.slice(0, at) + other + signed.slice(at + 1);
      await expect(listener.receive(forged)).rejects.toThrow(DecodeError);
    }
    expect(listener.heard).toEqual([]);
  });
});

describe('an answer', () => {
  test('to another request is refused', async () => {
    const listener = new Listener('here');
    let earlier = '';
    const asker = asking(listener, async (signed, deliver) => {
      const answer = earlier === '' ? await deliver(signed) : earlier;
      earlier = answer;
      return answer;
    });
    await asker.ask('a:1', 'here', PING, 1000);
    await expect(asker.ask('a:1', 'here', PING, 1000)).rejects.toThrow(RpcError);
  });

  test('to the same request of another boot id is refused', async () => {
    const listener = new Listener('here');
    let earlier = '';
    await asking(listener, async (signed, deliver) => (earlier = await deliver(signed))).ask(
      'a:1',
      'here',
      PING,
      9,
    );
    const other = asking(listener, () => Promise.resolve(earlier), 'other');
    await expect(other.ask('a:1', 'here', PING, 1000)).rejects.toThrow(RpcError);
  });

  test.each<readonly [string, (reply: string) => string]>([
    ['is the request itself', () => signedRequest(1, 'here')],
    ['has no keyring', () => encodeResponse({ from: SENDER, body: { type: 'done' } })],
    ['has another keyring', (reply) => `A${reply.slice(1)}`],
    ['was changed', (reply) => reply.replace('"done"', '"welcome"')],
    ['was cut', (reply) => reply.slice(0, -1)],
    ['is empty', () => ''],
    ['makes no sense under its keyring', () => keyring.sign('reply', 'asker here 1', '{}')],
    ['is no JSON under its keyring', () => keyring.sign('reply', 'asker here 1', '{')],
  ])('that %s is refused', async (_what, spoil) => {
    const asker = asking(new Listener('here'), async (signed, deliver) => spoil(await deliver(signed)));
    await expect(asker.ask('a:1', 'here', PING, 1000)).rejects.toThrow(RpcError);
  });
});

test('each request has a number of its own, whatever it is for', async () => {
  const listener = new Listener('here');
  const asker = asking(listener);
  await Promise.all(Array.from({ length: 100 }, () => asker.ask('a:1', 'here', PING, 1000)));
  expect(listener.heard).toHaveLength(100);
});

test('the boot ids that are tracked are bounded, and the latest are kept', async () => {
  const listener = new Listener('here');
  const bootIds = Array.from({ length: 5000 }, (_, number) => `boot${number}`);
  for (const bootId of bootIds) await listener.receive(signedRequest(1, 'here', PING, bootId));
  for (const bootId of bootIds.slice(-4000)) await listener.receive(signedRequest(1, 'here', PING, bootId));
  expect(listener.heard).toHaveLength(5000);
});
