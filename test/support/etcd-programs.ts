/** Random sequences of requests to etcd, and what they come to, in words that are the same for every etcd that does the same. */
import * as fc from 'fast-check';
import {
  type Compare,
  EtcdError,
  type KeyValue,
  type Operation,
  type OperationResult,
  type Txn,
  type TxnResult,
} from '../../src/store/etcd/etcd.ts';
import type { EtcdUnderTest } from './etcd-under-test.ts';

/** Revisions are counted back from the latest; -1 is in the future. */
export type Step =
  | { readonly does: 'txn'; readonly txn: RandomTxn }
  | { readonly does: 'grant' | 'keep alive' | 'revoke'; readonly lease: number }
  | { readonly does: 'compact'; readonly back: number };

interface RandomTxn {
  readonly compare: readonly RandomCompare[];
  readonly success: readonly RandomOperation[];
  readonly failure: readonly RandomOperation[];
}

type RandomCompare =
  | { readonly of: 'absence'; readonly key: string }
  | { readonly of: 'value'; readonly key: string; readonly value: string }
  | { readonly of: 'revision'; readonly key: string; readonly back: number }
  | { readonly of: 'range'; readonly key: string; readonly end: string; readonly back: number };

type RandomOperation =
  | { readonly is: 'put'; readonly key: string; readonly value: string; readonly lease: number | undefined }
  | { readonly is: 'delete'; readonly key: string }
  | {
      readonly is: 'range';
      readonly key: string;
      readonly end: string | undefined;
      readonly limit: number;
      readonly back: number | undefined;
    }
  | { readonly is: 'txn'; readonly txn: RandomTxn };

const key = fc.constantFrom('a', 'b', 'c', 'c\0', 'ca', '\ud83e\uddee', '\uffff');
const value = fc.constantFrom('', '1', '2');
const back = fc.oneof(
  { weight: 30, arbitrary: fc.integer({ min: 0, max: 8 }) },
  { weight: 1, arbitrary: fc.constant(-1) },
);
const lease = fc.integer({ min: 0, max: 2 });

const compare: fc.Arbitrary<RandomCompare> = fc.oneof(
  fc.record({ of: fc.constant('absence'), key }),
  fc.record({ of: fc.constant('value'), key, value }),
  fc.record({ of: fc.constant('revision'), key, back }),
  fc.record({ of: fc.constant('range'), key, end: key, back }),
);

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 2 });

const change = fc.oneof(
  { weight: 3, arbitrary: fc.record({ is: fc.constant('put'), key, value, lease: maybe(lease) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('delete'), key }) },
);

const range = fc.record({
  is: fc.constant('range'),
  key,
  end: maybe(key),
  limit: fc.integer({ min: 0, max: 3 }),
  back: maybe(back),
});

/** Transactions that are nested so deep. */
const txn = (depth: number): fc.Arbitrary<RandomTxn> => {
  const operation: fc.Arbitrary<RandomOperation> =
    depth === 0
      ? fc.oneof(change, range)
      : fc.oneof(
          { weight: 2, arbitrary: change },
          { weight: 2, arbitrary: range },
          { weight: 1, arbitrary: fc.record({ is: fc.constant('txn'), txn: txn(depth - 1) }) },
        );
  const operations = fc.array(operation, { maxLength: 4, size: 'max' });
  return fc.record({
    compare: fc.array(compare, { maxLength: 2 }),
    success: operations,
    failure: operations,
  });
};

/** A sequence of requests. */
export const program: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 16, arbitrary: fc.record({ does: fc.constant('txn'), txn: txn(2) }) },
    {
      weight: 3,
      arbitrary: fc.record({ does: fc.constantFrom('grant', 'keep alive', 'revoke'), lease }),
    },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('compact'), back }) },
  ),
  { maxLength: 14, size: 'max' },
);

/** What every program begins with, so that there is something to compare, to find and to delete. */
export const beginning: readonly Step[] = [
  ...[0, 1, 2].map((each): Step => ({ does: 'grant', lease: each })),
  ...[
    { key: 'a', value: '1', lease: 0 },
    { key: 'b', value: '2', lease: 1 },
    { key: 'ca', value: '1', lease: undefined },
    { key: '\uffff', value: '', lease: 0 },
  ].map((put): Step => {
    return { does: 'txn', txn: { compare: [], success: [{ is: 'put', ...put }], failure: [] } };
  }),
];

const TIMEOUT_MS = 10_000;

/** Runs a program, with keys below a prefix. */
export class ProgramRun {
  readonly #etcd: EtcdUnderTest;
  readonly #prefix: string;
  readonly #leases = new Map<number, string>();

  constructor(etcd: EtcdUnderTest, prefix: string) {
    this.#etcd = etcd;
    this.#prefix = prefix;
  }

  /** Does a step after this revision. Resolves with what came of it, or the code of the error. */
  async do(step: Step, revision: number): Promise<unknown> {
    try {
      return await this.#done(step, revision);
    } catch (error) {
      if (error instanceof EtcdError) return error.code;
      throw error;
    }
  }

  async #done(step: Step, revision: number): Promise<unknown> {
    const { etcd, endpoint } = this.#etcd;
    switch (step.does) {
      case 'txn':
        return this.#comparable(await etcd.txn(endpoint, this.#txn(step.txn, revision), TIMEOUT_MS));
      case 'grant': {
        // Longer than any test, so that a lease ends only when it is revoked.
        const { id, ttlSeconds } = await etcd.grantLease(endpoint, 10_000 + step.lease, TIMEOUT_MS);
        this.#leases.set(step.lease, id);
        return ttlSeconds;
      }
      case 'keep alive':
        return (await etcd.keepLeaseAlive(endpoint, this.#lease(step.lease), TIMEOUT_MS)).ttlSeconds;
      case 'revoke':
        return etcd.revokeLease(endpoint, this.#lease(step.lease), TIMEOUT_MS);
      case 'compact':
        return this.#etcd.compact(Math.max(1, revision - step.back)).then(
          () => 'compacted',
          () => 'not compacted',
        );
    }
  }

  /** One that was never granted is none that etcd knows. */
  #lease(which: number): string {
    return this.#leases.get(which) ?? '12345678901';
  }

  #txn(random: RandomTxn, revision: number): Txn {
    const operation = (each: RandomOperation): Operation => this.#operation(each, revision);
    return {
      compare: random.compare.map((each) => this.#compare(each, revision)),
      success: random.success.map(operation),
      failure: random.failure.map(operation),
    };
  }

  #compare(random: RandomCompare, revision: number): Compare {
    const compared = this.#prefix + random.key;
    switch (random.of) {
      case 'absence':
        return { key: compared, isAbsent: true };
      case 'value':
        return { key: compared, value: random.value };
      case 'revision':
        return { key: compared, modRevision: Math.max(0, revision - random.back) };
      case 'range':
        return {
          key: compared,
          rangeEnd: this.#prefix + random.end,
          notPutAfter: Math.max(0, revision - random.back),
        };
    }
  }

  #operation(random: RandomOperation, revision: number): Operation {
    if (random.is === 'txn') return { txn: this.#txn(random.txn, revision) };
    const meant = this.#prefix + random.key;
    if (random.is === 'delete') return { delete: meant };
    if (random.is === 'put') {
      const of = random.lease;
      return { put: meant, value: random.value, ...(of !== undefined && { lease: this.#lease(of) }) };
    }
    return {
      range: meant,
      limit: random.limit,
      ...(random.end !== undefined && { rangeEnd: this.#prefix + random.end }),
      ...(random.back !== undefined && { revision: Math.max(1, revision - random.back) }),
    };
  }

  #comparable({ succeeded, revision, results }: TxnResult): object {
    return { succeeded, revision, results: results.map((result) => this.#comparableResult(result)) };
  }

  #comparableResult({ found, more, txn: nested }: OperationResult): object {
    const comparable = { found: found.map((pair) => this.#comparablePair(pair)), more };
    return nested === undefined ? comparable : { ...comparable, txn: this.#comparable(nested) };
  }

  /** Leases have other ids in each etcd, so they are told by which one it was. */
  #comparablePair(pair: KeyValue): object {
    return { ...pair, lease: [...this.#leases].find(([, id]) => id === pair.lease)?.[0] };
  }
}
