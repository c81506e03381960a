/**
 * Planted bugs in clusters of peers: designs that have been built and believed in.
 */
import type { Cluster } from '../../src/cluster/cluster.ts';
import { Counters, type Observer } from '../../src/store/counters.ts';
import { decodeResponse, decodeRequest, encodeRequest } from '../../src/cluster/codec.ts';
import type { Transport } from '../../src/cluster/peer-rpc.ts';
import type { GCounter } from '../../src/crdt/g-counter.ts';
import { type CounterState, merged, incremented } from '../../src/crdt/counter-state.ts';
import { type CreatePeer, type PeerPorts, clusterOf } from '../../src/workbench/peers/peer.ts';
import { SimulatedStore } from '../../src/workbench/peers/store.ts';

type Kind = new (...ports: ConstructorParameters<typeof SimulatedStore>) => SimulatedStore;

/** A server that keeps its counters in its own way. */
const keeping =
  (Kind: Kind): CreatePeer =>
  (ports) => {
    const store = new Kind(ports.disk, ports.clock, ports.random);
    return { store, cluster: clusterOf(ports, store) };
  };

const orThrow = (state: CounterState | undefined): CounterState => {
  if (state === undefined) throw new Error('this passes 2^53 - 1');
  return state;
};

/** One number for all: a server takes any larger one that it hears of. Two that count from 0 to 1 at the same time end at 1. */
class ScalarMaximum extends SimulatedStore {
  protected override mergedWith(key: string, shown: GCounter): CounterState {
    const state = this.latest(key);
    const theirs = Math.max(0, ...shown.values());
    return theirs > state.value ? orThrow(incremented(this.identity, state, theirs - state.value)) : state;
  }
}

/** Adds what it receives to what it has, instead of taking the larger. */
class AddsIncrements extends SimulatedStore {
  protected override mergedWith(key: string, shown: GCounter): CounterState {
    const { others } = this.latest(key);
    const sums = new Map([...shown].map(([name, increment]) => [name, (others.get(name) ?? 0) + increment]));
    return super.mergedWith(key, sums);
  }
}

/** Sends what has been added since the last acknowledgement, again until it is acknowledged, and never compares. */
function incrementsOver(transport: Transport): Transport {
  const answered = new Map<string, number>();
  return {
    async send(address, text, timeoutMs) {
      const request = decodeRequest(text);
      const { body } = request;
      if (body.type === 'compare') throw new Error('it does not compare');
      if (body.type !== 'update') return transport.send(address, text, timeoutMs);
      const sent: (readonly [place: string, total: number])[] = [];
      const increments = new Map(
        [...body.totals].map(([key, parts]) => {
          const differences = [...parts].map(([name, total]) => {
            const place = `${address} ${key} ${name}`;
            sent.push([place, total]);
            return [name, total - (answered.get(place) ?? 0)] as const;
          });
          return [key, new Map(differences)];
        }),
      );
      const changed = encodeRequest({ ...request, body: { type: 'update', totals: increments } });
      const answer = await transport.send(address, changed, timeoutMs);
      if (decodeResponse(answer).body.type === 'done')
        for (const [place, total] of sent) answered.set(place, total);
      return answer;
    },
  };
}

const incrementsResent: CreatePeer = (ports) => {
  const store = new AddsIncrements(ports.disk, ports.clock, ports.random);
  return { store, cluster: clusterOf({ ...ports, transport: incrementsOver(ports.transport) }, store) };
};

/** Forgets what a node has counted when the node is removed. */
class Forgetful extends SimulatedStore {
  forget(nodeId: string): void {
    for (const key of this.counters.keys()) {
      const state = this.latest(key);
      const others = new Map([...state.others].filter(([name]) => !name.startsWith(`${nodeId}~`)));
      const { own, lowerBound } = state;
      const sum = [own, ...others.values()].reduce((total, each) => total + each, 0);
      void this.put(key, { ...state, others, value: Math.max(sum, lowerBound) });
    }
  }
}

const removalDropsTotals: CreatePeer = (ports) => {
  const store = new Forgetful(ports.disk, ports.clock, ports.random);
  const forgotten = new Set<string>();
  const remember: PeerPorts['remember'] = (remembered) => {
    const saved = ports.remember(remembered);
    for (const [nodeId, { removed }] of remembered.removals) {
      if (!removed) forgotten.delete(nodeId);
      else if (!forgotten.has(nodeId)) store.forget(nodeId);
      if (removed) forgotten.add(nodeId);
    }
    return saved;
  };
  return { store, cluster: clusterOf({ ...ports, remember }, store) };
};

/** Counts under its node id, also with a new disk. */
class ReusedName extends SimulatedStore {
  override useRandomReplicaId(): Promise<void> {
    return Promise.resolve();
  }

  protected override mergedWith(key: string, shown: GCounter): CounterState {
    return orThrow(merged(this.identity, key, this.latest(key), shown));
  }
}

/** Counters one of which is missing from the Merkle tree. */
class UndigestedCounters extends Counters {
  override observe(observer: Observer): void {
    super.observe({
      added: (counter) => observer.added(counter),
      changes: (counter, before, after) => {
        observer.changes(counter, before, after);
        if (counter.key === 'views') observer.changes(counter, after, before);
      },
    });
  }
}

class MissesKey extends SimulatedStore {
  protected override createCounters(): Counters {
    return new UndigestedCounters();
  }
}

/** Registers every server whose beacon it hears. */
const beaconsUndoRemoval: CreatePeer = (ports) => {
  const store = new SimulatedStore(ports.disk, ports.clock, ports.random);
  const cluster = clusterOf(ports, store);
  return { store, cluster: takingBeaconsForRegistrations(cluster) };
};

function takingBeaconsForRegistrations(cluster: Cluster): Cluster {
  const hear = cluster.hear.bind(cluster);
  cluster.hear = (datagram, host) => {
    hear(datagram, host);
    void cluster.register(`${host}:1`).catch(() => {});
  };
  return cluster;
}

/** Increments a counter by what it lacks to a lower bound. */
class LowerBoundAsTotal extends SimulatedStore {
  override raiseTo(key: string, lowerBound: number): Promise<void> {
    const lacking = lowerBound - this.latest(key).value;
    return lacking > 0 ? this.increment(key, lacking) : super.raiseTo(key, lowerBound);
  }
}

export const peersMutants: Readonly<Record<string, CreatePeer>> = {
  'scalar-maximum': keeping(ScalarMaximum),
  'increments-resent': incrementsResent,
  'removal-drops-totals': removalDropsTotals,
  'wiped-node-reuses-name': keeping(ReusedName),
  'digests-miss-a-key': keeping(MissesKey),
  'beacons-undo-removal': beaconsUndoRemoval,
  'lower-bound-as-total': keeping(LowerBoundAsTotal),
};
