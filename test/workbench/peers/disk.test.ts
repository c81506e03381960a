/** What simulated peers run on: the shipped store, on disks that lose what was not synced, and signed messages. */
import { expect, test } from 'vitest';
import type { Clock } from '../../../src/runtime/clock.ts';
import { hasRandomSuffix } from '../../../src/crdt/replica-id.ts';
import type { Files } from '../../../src/runtime/files.ts';
import { Disk } from '../../../src/workbench/peers/disk.ts';
import { drawPeersOptions } from '../../../src/workbench/peers/options.ts';
import { type Peer, shippedPeer, simulatedKeyring } from '../../../src/workbench/peers/peer.ts';
import { simulatePeers } from '../../../src/workbench/peers/run.ts';
import { SimulatedFiles } from '../../../src/workbench/sim/files/simulated-files.ts';
import { ProcessClock } from '../../../src/workbench/sim/process-clock.ts';
import { streams } from '../../../src/workbench/sim/random.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';

const write = async (files: Files, name: string, texts: readonly string[]): Promise<void> => {
  const file = await files.open(name);
  for (const text of texts) await file.append(Buffer.from(text));
};

/** What is left of a text in as many deaths as there are seeds. */
async function remains(seeds: number, use: (files: Files) => Promise<void>): Promise<Set<string>> {
  const found = new Set<string>();
  for (let seed = 1; seed <= seeds; seed++) {
    const clock = new VirtualClock();
    const disk = new Disk(streams(seed)('disk'));
    await clock.run(use(disk.mount(clock)));
    disk.unmount();
    const files = disk.mount(clock);
    const [name] = await files.list();
    found.add(name === undefined ? 'no file' : (await files.read(name)).toString('latin1'));
  }
  return found;
}

test('what has been synced survives every death', async () => {
  const found = await remains(50, async (files) => {
    await write(files, 'a', ['abc']);
    await (await files.open('a')).sync();
    await files.syncDirectory();
  });
  expect([...found]).toEqual(['abc']);
});

test('what has not may be there, torn, followed by zeros, or gone with its name', async () => {
  const found = await remains(200, (files) => write(files, 'a', ['a', 'b']));
  expect(found).toContain('ab');
  expect(found).toContain('a');
  expect(found).toContain('a\0');
  expect(found).toContain('no file');
});

test('what a dead process still does never reaches the disk', async () => {
  const clock = new VirtualClock();
  const disk = new Disk(streams(1)('disk'));
  const dead = disk.mount(new ProcessClock(clock));
  await write(dead, 'a', ['before']);
  await clock.run(dead.syncDirectory());
  await clock.run((await dead.open('a')).sync());
  disk.unmount();
  await write(dead, 'a', ['after']);
  await write(dead, 'b', ['after']);
  const files = disk.mount(clock);
  expect(await files.list()).toEqual(['a']);
  expect((await files.read('a')).toString()).toBe('before');
});

/** The operations on the files of all servers in the run of a seed, numbers left out. */
async function operations(seed: number): Promise<Set<string>> {
  const all = new Set<string>();
  class Watched extends SimulatedFiles {
    constructor({ directory }: SimulatedFiles, clock: Clock) {
      super(directory, (operation) => {
        all.add(operation.replaceAll(/\d+/g, 'N'));
        return new Promise((resolve) => clock.after(1, resolve));
      });
    }
  }
  await simulatePeers(drawPeersOptions(seed), (ports) => {
    if (!(ports.files instanceof SimulatedFiles)) throw new Error('these files are not simulated');
    return shippedPeer({ ...ports, files: new Watched(ports.files, ports.clock) });
  });
  return all;
}

test('simulated servers append, rotate, write snapshots, cut the log and recover', async () => {
  const all = await operations(2);
  for (const operation of [
    'append counters-N.log N',
    'create counters-N.log',
    'rename counters.json.tmp counters.json',
    'remove counters-N.log',
    'rename cluster.json.tmp cluster.json',
    // Only recovery syncs a snapshot that is in place.
    'sync counters.json',
  ]) {
    expect(all).toContain(operation);
  }
});

test('simulated servers sign what they send', async () => {
  const sent: string[] = [];
  await simulatePeers({ ...drawPeersOptions(1), timeLimitMs: 1000 }, (ports) =>
    shippedPeer({
      ...ports,
      transport: {
        send: (address, text, timeoutMs) => {
          sent.push(text);
          return ports.transport.send(address, text, timeoutMs);
        },
      },
    }),
  );
  expect(sent.length).toBeGreaterThan(0);
  expect(sent.filter((text) => text.startsWith('{'))).toEqual([]);
  expect(sent.filter((text) => simulatedKeyring.verify('request', '', text) === undefined)).toEqual([]);
});

test('in some seeds servers count alone, under their node ids, until they are registered', async () => {
  const ofNode = new Map<string, Peer>();
  for (let seed = 1; ofNode.size === 0; seed++) {
    const options = { ...drawPeersOptions(seed), faults: new Set<never>() };
    await simulatePeers(options, async (ports) => {
      const peer = await shippedPeer(ports);
      if (!ports.isJoining) ofNode.set(ports.nodeId, peer);
      return peer;
    });
  }
  const names = [...ofNode.values()].flatMap(({ store }) => {
    expect(hasRandomSuffix(store.identity.suffix)).toBe(true);
    return [...store.counters.list('')].flatMap(({ others }) => [...others.keys()]);
  });
  for (const nodeId of ofNode.keys()) expect(names).toContain(nodeId);
});

test('a server that does not start is a problem', async () => {
  const { problems } = await simulatePeers({ ...drawPeersOptions(1), faults: new Set() }, (ports) =>
    ports.nodeId === 'n0' ? Promise.reject(new Error('the snapshot is damaged')) : shippedPeer(ports),
  );
  expect(problems[0]).toBe('n0 does not start: the snapshot is damaged');
});

test('so is a store that becomes read-only', async () => {
  const { problems } = await simulatePeers({ ...drawPeersOptions(1), faults: new Set() }, async (ports) => {
    let isBroken = false;
    const open = ports.files.open.bind(ports.files);
    ports.files.open = async (name) => {
      const file = await open(name);
      const appendSynced = (bytes: Uint8Array): Promise<void> =>
        isBroken ? Promise.reject(new Error('EIO')) : file.appendSynced(bytes);
      return { ...file, appendSynced };
    };
    const peer = await shippedPeer(ports);
    isBroken = ports.nodeId === 'n0';
    return peer;
  });
  expect(problems[0]).toBe('the disk of n0 fails: EIO');
});
