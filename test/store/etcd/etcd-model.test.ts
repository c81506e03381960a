/** The model of etcd does what a real one does, whatever is asked of it. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { etcdSuffix, hasEtcd } from '../../support/etcd-process.ts';
import { ProgramRun, beginning, program } from '../../support/etcd-programs.ts';
import { type EtcdUnderTest, modelUnderTest, realEtcdUnderTest } from '../../support/etcd-under-test.ts';
import { bySuite } from '../../support/suite.ts';

/** So few that random transactions go past it. */
const maxTxnOps = 7;
const TIMEOUT_MS = 10_000;

describe.skipIf(!hasEtcd)(`the model and a real etcd${etcdSuffix}`, () => {
  const model = modelUnderTest({ maxTxnOps });
  let real: EtcdUnderTest;

  beforeAll(async () => {
    real = await realEtcdUnderTest({ maxTxnOps });
  });

  afterAll(() => real.stop());

  const revisionOf = async ({ etcd, endpoint }: EtcdUnderTest): Promise<number> => {
    const { revision } = await etcd.txn(endpoint, { compare: [], success: [], failure: [] }, TIMEOUT_MS);
    return revision;
  };

  /** What a watch of all keys below a prefix tells, up to one that is put last. Resolves when it has begun. */
  const watchOf = async ({ etcd, endpoint }: EtcdUnderTest, prefix: string, fromRevision: number) => {
    const told: string[] = [];
    let isBegun = (): void => {};
    let isOver = (): void => {};
    const begun = new Promise<void>((resolve) => (isBegun = resolve));
    const over = new Promise<void>((resolve) => (isOver = resolve));
    const watching = etcd.watch(endpoint, {
      key: prefix,
      rangeEnd: `${prefix}\uffff\uffff`,
      fromRevision,
      onChanges: (keys) => {
        isBegun();
        told.push(...keys);
        if (told.at(-1) === `${prefix}last`) isOver();
      },
      onEnd: () => told.push('the watch has ended'),
    });
    if (etcd === real.etcd) await begun;
    return async (): Promise<readonly string[]> => {
      const success = [{ put: `${prefix}last`, value: '' }];
      await etcd.txn(endpoint, { compare: [], success, failure: [] }, TIMEOUT_MS);
      await over;
      watching.cancel();
      return told;
    };
  };

  test('give the same results, errors, revisions and changes', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const prefix = `run-${runs++}/`;
        const both = [model, real];
        const [expected, actual] = both.map((each) => new ProgramRun(each, prefix));
        let revision = await revisionOf(model);
        const watches = await Promise.all(both.map((each) => watchOf(each, prefix, revision + 1)));
        for (const step of [...beginning, ...steps]) {
          expect(await actual?.do(step, revision)).toEqual(await expected?.do(step, revision));
          revision = await revisionOf(model);
        }
        expect(await revisionOf(real)).toBe(revision);
        const [byModel, byReal] = await Promise.all(watches.map((told) => told()));
        expect(byReal).toEqual(byModel);
      }),
      // After a difference, revisions may differ for good, so that smaller programs tell nothing.
      { numRuns: bySuite({ test: 40, soak: 600 }), endOnFailure: true },
    );
  });
});
