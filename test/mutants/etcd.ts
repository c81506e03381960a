/**
 * Planted bugs in servers on etcd: designs that look as if they would do. Each is the shipped engine with etcd, or the
 * store, seen through something that does one thing in another way.
 */
import type { Compare, Etcd, Operation, Txn, TxnResult } from '../../src/store/etcd/etcd.ts';
import { Keyspace } from '../../src/store/etcd/keys.ts';
import type { Counted, Idempotency, Increment, Store } from '../../src/store/store.ts';
import { type CreateFrontEnd, PREFIX, shippedFrontEnd } from '../../src/workbench/etcd/front-end.ts';

const keys = new Keyspace(PREFIX);
const LIVE = keys.live('');
const SEQ = keys.seq('');
const RECORDS = keys.idempotencyRecord('');

type Ask = (txn: Txn) => Promise<TxnResult>;

/** Etcd whose transactions are asked for in another way. */
const asking = (etcd: Etcd, change: (txn: Txn, ask: Ask) => Promise<TxnResult>): Etcd => ({
  txn: (endpoint, txn, timeoutMs) => change(txn, (changed) => etcd.txn(endpoint, changed, timeoutMs)),
  grantLease: (...request) => etcd.grantLease(...request),
  keepLeaseAlive: (...request) => etcd.keepLeaseAlive(...request),
  revokeLease: (...request) => etcd.revokeLease(...request),
  status: (...request) => etcd.status(...request),
  watch: (...request) => etcd.watch(...request),
});

/** A transaction without the comparisons of keys that begin with one of some texts. A claim of a slot stays as it is. */
function without(txn: Txn, ...beginnings: readonly string[]): Txn {
  const isKept = ({ key }: Compare): boolean => !beginnings.some((beginning) => key.startsWith(beginning));
  return isClaim(txn) ? txn : { ...txn, compare: txn.compare.filter(isKept) };
}

const putsIn = ({ success }: Txn): string[] =>
  success.flatMap((operation) => ('put' in operation ? [operation.put] : []));

const isClaim = (txn: Txn): boolean => putsIn(txn).some((key) => key.startsWith(LIVE));

/** Does not compare how many commits there were: one that arrives late again puts what the totals were then. */
const noSeq: CreateFrontEnd = (ports) =>
  shippedFrontEnd({ ...ports, etcd: asking(ports.etcd, (txn, ask) => ask(without(txn, SEQ))) });

/** Does not compare whether its claim is there: it counts on under a name that was retired. */
const noLive: CreateFrontEnd = (ports) =>
  shippedFrontEnd({ ...ports, etcd: asking(ports.etcd, (txn, ask) => ask(without(txn, LIVE))) });

/** Takes for granted that nobody else commits, once nobody has between two of its own commits. */
const noQuiet: CreateFrontEnd = (ports) => {
  const kinds = new Set([keys.all('seq').range, keys.all('created').range]);
  const isKept = (compare: Compare): boolean => !('rangeEnd' in compare && kinds.has(compare.key));
  const etcd = asking(ports.etcd, (txn, ask) => ask({ ...txn, compare: txn.compare.filter(isKept) }));
  return shippedFrontEnd({ ...ports, etcd });
};

/** Relies on its own clock for whether its lease lasts, and compares nothing of the claim as long as it does. */
const localClock: CreateFrontEnd = (ports) => {
  const { etcd, clock } = ports;
  let endsMs = 0;
  const leased: Etcd = {
    ...asking(etcd, (txn, ask) => ask(clock.nowMs() < endsMs ? without(txn, LIVE, SEQ) : txn)),
    grantLease: async (...request) => {
      const lease = await etcd.grantLease(...request);
      endsMs = Math.max(endsMs, clock.nowMs() + 10_000);
      return lease;
    },
    keepLeaseAlive: async (...request) => {
      const lease = await etcd.keepLeaseAlive(...request);
      if (lease.ttlSeconds > 0) endsMs = clock.nowMs() + lease.ttlSeconds * 1000;
      return lease;
    },
  };
  return shippedFrontEnd({ ...ports, etcd: leased });
};

/** Reads from whichever member it asks. */
const serializableReads: CreateFrontEnd = (ports) => shippedFrontEnd({ ...ports, etcd: ports.serializable });

/** Takes a slot over without looking at what it had counted: until it has put a total, it takes it for 0. */
const beginsAtZero: CreateFrontEnd = (ports) => {
  let slot = '';
  let own = new Set<string>();
  const etcd = asking(ports.etcd, async (txn, ask) => {
    const result = await ask(txn);
    if (isClaim(txn) && result.succeeded) {
      const claimed = putsIn(txn).find((key) => key.startsWith(LIVE)) ?? '';
      if (keys.lastPart(claimed) !== slot) own = new Set();
      slot = keys.lastPart(claimed);
    }
    if (result.succeeded) for (const put of putsIn(txn)) own.add(put);
    const results = result.results.map((each) => ({
      ...each,
      found: each.found.filter(
        ({ key }) =>
          !key.startsWith(keys.entry('', '').slice(0, -1)) ||
          own.has(key) ||
          keys.parseEntry(key).name !== slot,
      ),
    }));
    return { ...result, results };
  });
  return shippedFrontEnd({ ...ports, etcd });
};

/** Looks whether a request has been answered before the transaction that does it, instead of in it. */
const recordsLookedUp: CreateFrontEnd = (ports) =>
  shippedFrontEnd({
    ...ports,
    etcd: asking(ports.etcd, async (txn, ask) => {
      const records = txn.compare.flatMap(({ key }): Operation[] =>
        key.startsWith(RECORDS) ? [{ range: key }] : [],
      );
      if (records.length === 0) return ask(txn);
      const { results } = await ask({ compare: [], success: records, failure: [] });
      return ask(results.some(({ found }) => found.length > 0) ? txn : without(txn, RECORDS));
    }),
  });

/** Answers a retry with what the counters are by now. */
const answersAnew: CreateFrontEnd = async (ports) => {
  const store = await shippedFrontEnd(ports);
  const answered = (id: string): Promise<boolean> =>
    ports.etcd
      .txn(
        ports.endpoints[0] ?? '',
        { compare: [], success: [{ range: keys.idempotencyRecord(id) }], failure: [] },
        1000,
      )
      .then(
        ({ results }) => (results[0]?.found.length ?? 0) > 0,
        () => false,
      );
  const increment = store.increment.bind(store);
  return replaced(store, async (increments, idempotency) => {
    const isRetry = idempotency !== undefined && (await answered(idempotency.id));
    const counted = await increment(increments, idempotency);
    if (!isRetry) return counted;
    const counters = await Promise.all(increments.map(({ key }) => store.read(key)));
    return { ...counted, values: counters.map(({ value }) => value) };
  });
};

/** A store that increments in another way. */
function replaced(
  store: Store,
  increment: (increments: readonly Increment[], idempotency?: Idempotency) => Promise<Counted>,
): Store {
  store.increment = increment;
  return store;
}

export const etcdMutants: Readonly<Record<string, CreateFrontEnd>> = {
  'no-compare-on-seq': noSeq,
  'no-compare-on-live': noLive,
  'quiet-not-compared': noQuiet,
  'lease-by-local-clock': localClock,
  'serializable-reads': serializableReads,
  'new-holder-begins-at-0': beginsAtZero,
  'records-looked-up-before': recordsLookedUp,
  'retry-answered-anew': answersAnew,
};
