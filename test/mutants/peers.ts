/**
 * Planted bugs in clusters of peers: designs that have been built and believed in. Each is the shipped server with one
 * thing done in another way.
 */
import { decodeResponse, decodeRequest, encodeRequest } from '../../src/cluster/codec.ts';
import { DiskReplica } from '../../src/cluster/disk-replica.ts';
import type { Transport } from '../../src/cluster/peer-rpc.ts';
import type { Replica } from '../../src/cluster/replica.ts';
import { type CounterState, type Totals, zero } from '../../src/crdt/counter-state.ts';
import { type GCounter, value as valueOf } from '../../src/crdt/g-counter.ts';
import { replicaIdOf } from '../../src/crdt/replica-id.ts';
import type { Files } from '../../src/runtime/files.ts';
import { silent } from '../../src/runtime/log.ts';
import type { Counter, Counters } from '../../src/store/counters.ts';
import type { DiskStore } from '../../src/store/disk/disk-store.ts';
import { encodeFrame, scanFrames } from '../../src/store/disk/frame.ts';
import { type LogRecord, decodeRecord, encodeRecord } from '../../src/store/disk/record.ts';
import { segmentNumber } from '../../src/store/disk/write-ahead-log.ts';
import {
  type CreatePeer,
  openCluster,
  openStore,
  shippedPeer,
  simulatedKeyring,
} from '../../src/workbench/peers/peer.ts';

/** A server whose store is changed before its cluster sees it. */
const withStore =
  (change: (store: DiskStore) => void): CreatePeer =>
  async (ports) => {
    const store = await openStore(ports);
    change(store);
    return { store, cluster: await openCluster(ports, new DiskReplica(store, silent)) };
  };

type Merge = Replica['merge'];

/** A server that treats in another way what it is sent. */
const merging =
  (mergeIn: (store: DiskStore, merge: Merge) => Merge): CreatePeer =>
  async (ports) => {
    const store = await openStore(ports);
    const replica = new DiskReplica(store, silent);
    replica.merge = mergeIn(store, replica.merge.bind(replica));
    return { store, cluster: await openCluster(ports, replica) };
  };

const mapped = (totals: Totals, change: (key: string, parts: GCounter) => GCounter): Totals =>
  new Map([...totals].map(([key, parts]) => [key, change(key, parts)]));

/** One number for all: a server takes any larger one that it hears of. Two that count from 0 to 1 at the same time end at 1. */
const scalarMaximum = merging((store) => async (totals) => {
  await Promise.all([...totals].map(([key, parts]) => store.raiseTo(key, Math.max(...parts.values()))));
  return true;
});

/** Adds what it receives to what it has, instead of taking the larger. */
const addingIncrements = merging((store, merge) => {
  let last: Promise<unknown> = Promise.resolve();
  const sum = (key: string, shown: GCounter): GCounter => {
    const others = store.counters.get(key)?.others;
    return new Map([...shown].map(([name, increment]) => [name, (others?.get(name) ?? 0) + increment]));
  };
  return (totals) => {
    // One at a time, so that nothing is taken twice for what it had before.
    const done = last.then(() => merge(mapped(totals, sum)));
    last = done;
    return done;
  };
});

/** Sends what has been added since the last acknowledgement, again until it is acknowledged, and never compares. */
function incrementsOver(transport: Transport): Transport {
  const answered = new Map<string, number>();
  return {
    async send(address, signed, timeoutMs) {
      const request = decodeRequest(simulatedKeyring.verify('request', '', signed) ?? '');
      const { from, to, seq, body } = request;
      if (body.type === 'compare') throw new Error('it does not compare');
      if (body.type !== 'update') return transport.send(address, signed, timeoutMs);
      const sent: (readonly [place: string, total: number])[] = [];
      const totals = mapped(body.totals, (key, parts) => {
        const differences = [...parts].map(([name, total]) => {
          const place = `${address} ${key} ${name}`;
          sent.push([place, total]);
          return [name, total - (answered.get(place) ?? 0)] as const;
        });
        return new Map(differences);
      });
      const changed = encodeRequest({ ...request, body: { type: 'update', totals } });
      const answer = await transport.send(address, simulatedKeyring.sign('request', '', changed), timeoutMs);
      const text = simulatedKeyring.verify('reply', `${from.bootId} ${to} ${seq}`, answer) ?? '';
      if (decodeResponse(text).body.type === 'done')
        for (const [place, total] of sent) answered.set(place, total);
      return answer;
    },
  };
}

const incrementsResent: CreatePeer = (ports) =>
  addingIncrements({ ...ports, transport: incrementsOver(ports.transport) });

/** Forgets what a node has counted when the node is removed. */
const removalDropsTotals: CreatePeer = async (ports) => {
  const peer = await shippedPeer(ports);
  const { cluster, store } = peer;
  const remove = cluster.remove.bind(cluster);
  cluster.remove = (address) => {
    const nodeId = remove(address);
    if (typeof nodeId === 'string') forget(store.counters, nodeId);
    return nodeId;
  };
  return peer;
};

function forget(counters: Counters, nodeId: string): void {
  for (const counter of counters.list('')) {
    counters.set(
      counter.key,
      without(counter, ([name]) => name.startsWith(`${nodeId}~`)),
    );
  }
}

/** A counter without some of the others' totals. */
function without(
  state: CounterState,
  isLeftOut: (total: readonly [string, number]) => boolean,
): CounterState {
  const { own, suffix, lowerBound } = state;
  const others = new Map([...state.others].filter((total) => !isLeftOut(total)));
  return { own, suffix, others, lowerBound, value: Math.max(own + (valueOf(others) ?? 0), lowerBound) };
}

/** Counts under its node id, also with a new disk. */
const reusedName: CreatePeer = async (ports) => {
  const store = await openStore(ports);
  const replica = new DiskReplica(store, silent);
  const merge = replica.merge.bind(replica);
  replica.useRandomReplicaId = () => Promise.resolve();
  replica.merge = (totals) => {
    const { nodeId, suffix } = store.identity;
    const own = replicaIdOf(nodeId, suffix);
    return merge(mapped(totals, (_, parts) => new Map([...parts].filter(([name]) => name !== own))));
  };
  return { store, cluster: await openCluster(ports, replica) };
};

/** Leaves one of the counters out of the Merkle tree. */
const missesKey = withStore(({ counters }) => {
  const observe = counters.observe.bind(counters);
  counters.observe = (observer) =>
    observe((counter, before, after) => {
      observer(counter, before, after);
      if (counter.key === 'views') observer(counter, after, before ?? zero);
    });
});

/** Registers every server whose beacon it hears. */
const beaconsUndoRemoval: CreatePeer = async (ports) => {
  const peer = await shippedPeer(ports);
  const { cluster } = peer;
  const hear = cluster.hear.bind(cluster);
  cluster.hear = (datagram, host) => {
    hear(datagram, host);
    void cluster.register(`${host}:1`).catch(() => {});
  };
  return peer;
};

/** Increments a counter by what it lacks to a lower bound. */
const lowerBoundAsTotal = withStore((store) => {
  store.raiseTo = async (key, lowerBound) => {
    const lacking = lowerBound - (store.counters.get(key)?.value ?? 0);
    if (lacking > 0) await store.increment([{ key, amount: lacking }]);
    return lowerBound;
  };
});

/** Forgets over a restart which requests it has answered. */
const recoveryForgetsAnswers: CreatePeer = (ports) =>
  shippedPeer({
    ...ports,
    files: rewritten(ports.files, (record) => ({ ...record, idempotencyRecords: new Map() })),
  });

/** Recovers what the snapshot and all segments of the log but the last have counted. */
const recoveryDropsSegment: CreatePeer = (ports) =>
  shippedPeer({
    ...ports,
    files: rewritten(ports.files, ({ totals, ...record }, isLast) =>
      isLast || totals === undefined ? record : { ...record, totals },
    ),
  });

/** The head of a segment does not say what the one before contained, which is rewritten too. */
function withoutOrigin({ segment, ...record }: LogRecord): LogRecord {
  if (segment === undefined) return record;
  const { format, number, file, snapshots } = segment;
  return { ...record, segment: { format, number, file, snapshots } };
}

/** Files whose log reads as if it had other records. */
function rewritten(files: Files, rewrite: (record: LogRecord, isLast: boolean) => LogRecord): Files {
  const read = async (name: string): Promise<Buffer> => {
    const bytes = await files.read(name);
    const number = segmentNumber(name);
    if (number === undefined) return bytes;
    const last = Math.max(...(await files.list()).map((each) => segmentNumber(each) ?? 0));
    const frames: Buffer[] = [];
    await scanFrames(files.pieces(name), name, ({ payload }) => {
      const record = withoutOrigin(decodeRecord(payload));
      frames.push(encodeFrame(encodeRecord(rewrite(record, number === last))));
    });
    return Buffer.concat(frames);
  };
  return {
    list: () => files.list(),
    read,
    async *pieces(name) {
      yield await read(name);
    },
    open: (name) => files.open(name),
    truncate: (name, bytes) => files.truncate(name, bytes),
    rename: (from, to) => files.rename(from, to),
    remove: (name) => files.remove(name),
    syncDirectory: () => files.syncDirectory(),
  };
}

/** Leaves out of the snapshot what each counter has under one replica id of others. */
const snapshotForgetsReplica = withStore(({ counters }) => {
  // Only the snapshot lists the counters of a simulated server.
  const list = counters.list.bind(counters);
  counters.list = function* (prefix, after) {
    for (const counter of list(prefix, after)) yield withoutOne(counter);
  };
});

function withoutOne(counter: Counter): Counter {
  const [forgotten] = counter.others.keys();
  const { key, changedAt } = counter;
  return { key, changedAt, ...without(counter, ([name]) => name === forgotten) };
}

export const peersMutants: Readonly<Record<string, CreatePeer>> = {
  'scalar-maximum': scalarMaximum,
  'increments-resent': incrementsResent,
  'removal-drops-totals': removalDropsTotals,
  'wiped-node-reuses-name': reusedName,
  'digests-miss-a-key': missesKey,
  'beacons-undo-removal': beaconsUndoRemoval,
  'lower-bound-as-total': lowerBoundAsTotal,
  'recovery-drops-last-segment': recoveryDropsSegment,
  'recovery-forgets-answers': recoveryForgetsAnswers,
  'snapshot-forgets-replica-id': snapshotForgetsReplica,
};
