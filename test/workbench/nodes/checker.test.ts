import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Problem, judge } from '../../../src/workbench/nodes/checker.ts';
import type {
  AddOperation,
  Moment,
  Operation,
  Outcome,
  ReadOperation,
} from '../../../src/workbench/nodes/history.ts';

/** One event per second. */
const moment = (index: number): Moment => ({ index, timeMs: index * 1000 });

const add = (invoked: number, completed: number, delta: number, outcome: Outcome = 'ok'): AddOperation => ({
  f: 'add',
  process: 0,
  node: 'n0',
  invoked: moment(invoked),
  completed: moment(completed),
  outcome,
  delta,
  final: false,
});

const read = (invoked: number, completed: number, value: number): ReadOperation => ({
  f: 'read',
  process: 1,
  node: 'n1',
  invoked: moment(invoked),
  completed: moment(completed),
  outcome: 'ok',
  value,
  final: false,
});

const unansweredRead = (invoked: number, completed: number): ReadOperation => {
  const { value: _, ...base } = read(invoked, completed, 0);
  return { ...base, outcome: 'fail' };
};

const final = (operation: ReadOperation): ReadOperation => ({ ...operation, final: true });

const problemsOf = (...operations: Operation[]): string[] => judge(operations).map((problem) => problem.text);

describe('a read', () => {
  test('must include every add acknowledged before it began', () => {
    const adds = [add(0, 1, 2), add(2, 3, 3)];
    expect(problemsOf(...adds, read(4, 5, 5))).toEqual([]);
    expect(problemsOf(...adds, read(4, 5, 3))).toEqual([
      'the read of 3 from n1 (process 1, 4.000–5.000 s) misses 2 of the 5 acknowledged before it began',
    ]);
  });

  test('may include or miss an add that it overlaps with', () => {
    for (const value of [5, 7]) {
      expect(problemsOf(add(0, 1, 5), add(2, 5, 2), read(3, 4, value))).toEqual([]);
      expect(problemsOf(add(0, 1, 5), add(3, 4, 2), read(2, 5, value))).toEqual([]);
      expect(problemsOf(add(0, 1, 5), add(3, 5, 2), read(2, 4, value))).toEqual([]);
      expect(problemsOf(add(0, 1, 5), add(2, 4, 2), read(3, 5, value))).toEqual([]);
    }
  });

  test('must not include an add that was invoked after it ended', () => {
    expect(problemsOf(read(0, 1, 1), add(2, 3, 1))).toEqual([
      'the read of 1 from n1 (process 1, 0.000–1.000 s) exceeds by 1 all that had been added when it ended, 0',
    ]);
  });

  test('must not include an add twice', () => {
    expect(problemsOf(add(0, 1, 4), add(2, 3, 3, 'info'), read(4, 5, 11))).toEqual([
      'the read of 11 from n1 (process 1, 4.000–5.000 s) exceeds by 4 all that had been added when it ended, 7',
    ]);
  });

  test('must not include an add that definitely failed', () => {
    expect(problemsOf(add(0, 1, 1), add(2, 3, 4, 'fail'), read(4, 5, 1))).toEqual([]);
    expect(problemsOf(add(0, 1, 1), add(2, 3, 4, 'fail'), read(4, 5, 5))).toEqual([
      'the read of 5 from n1 (process 1, 4.000–5.000 s) exceeds by 4 all that had been added when it ended, 1',
    ]);
  });

  test('must be a sum of whole adds', () => {
    const operations = [add(0, 1, 1), add(2, 3, 5, 'info'), add(4, 5, 3, 'info')];
    for (const value of [1, 4, 6, 9]) expect(problemsOf(...operations, read(6, 7, value))).toEqual([]);
    expect(problemsOf(...operations, read(6, 7, 5))).toEqual([
      'the read of 5 from n1 (process 1, 6.000–7.000 s) is not a sum of acknowledged adds and others that may ' +
        'have happened: [1 1] [4 4] [6 6] [9 9]',
    ]);
  });

  test('may include an add of unknown outcome from its invocation on, or never', () => {
    const unknown = add(0, 1, 4, 'info');
    for (const value of [0, 4]) expect(problemsOf(unknown, read(50, 51, value))).toEqual([]);
    expect(problemsOf(unknown, read(2, 3, 0), read(4, 5, 0), read(6, 7, 4))).toEqual([]);
  });

  test('must not return less than a read that ended before it began', () => {
    const unknown = add(0, 1, 4, 'info');
    expect(problemsOf(unknown, read(2, 3, 4), read(4, 5, 0))).toEqual([
      'the read of 0 from n1 (process 1, 4.000–5.000 s) goes back: before it began, ' +
        'the read of 4 from n1 (process 1, 2.000–3.000 s) had ended',
    ]);
  });

  test('may return less than a read that it overlaps with', () => {
    const unknown = add(0, 1, 4, 'info');
    expect(problemsOf(unknown, read(2, 5, 4), read(4, 6, 0))).toEqual([]);
    expect(problemsOf(unknown, read(2, 6, 4), read(3, 5, 0))).toEqual([]);
  });

  test('without a value is no problem, unless it is final', () => {
    const asked = unansweredRead(2, 3);
    expect(problemsOf(add(0, 1, 1), asked)).toEqual([]);
    expect(problemsOf(add(0, 1, 1), final(asked))).toEqual(['n1 did not answer its final read: no reply']);
    expect(problemsOf({ ...final(asked), error: 'Error: too late' })).toEqual([
      'n1 did not answer its final read: Error: too late',
    ]);
  });

  test('is called final in the report if it is', () => {
    expect(problemsOf(add(0, 1, 1), final(read(2, 3, 0)))).toEqual([
      'the final read of 0 from n1 (process 1, 2.000–3.000 s) misses 1 of the 1 acknowledged before it began',
    ]);
  });
});

test('an empty history is valid', () => {
  expect(judge([])).toEqual([]);
});

test('an unknown add that one read included does not excuse a later loss of the same size', () => {
  const problems = judge([add(0, 1, 3, 'info'), read(2, 3, 3), add(4, 5, 3), read(6, 7, 3)]);
  expect(problems.map((problem) => problem.text)).toEqual([
    'the read of 3 from n1 (process 1, 6.000–7.000 s) goes back: before it began, the read of 3 from n1 (process 1, 2.000–3.000 s) had ended and 3 more had been added and acknowledged',
  ]);
});

test('a final add must be acknowledged', () => {
  const refused: Operation = { ...add(0, 1, 1, 'fail'), final: true, error: 'no' };
  const problems = judge([refused, { ...add(2, 3, 1), final: true }, read(4, 5, 1)]);
  expect(problems).toEqual([{ operation: refused, text: 'n0 did not answer its final add: no' }]);
});

test('every problem is reported once, with its read', () => {
  const wrong = [read(2, 3, 0), read(4, 5, 9), final(unansweredRead(6, 7))];
  const problems = judge([add(0, 1, 1), read(8, 9, 9), ...wrong]);
  expect(problems.map((problem) => problem.operation)).toEqual([wrong[0], wrong[1], read(8, 9, 9), wrong[2]]);
});

/** What one of three processes does next, with every random choice about it. */
interface Turn {
  readonly process: number;
  readonly f: 'add' | 'read';
  readonly delta: number;
  readonly outcome: Outcome;
  /** When an add that is not acknowledged happens, if it does. */
  readonly effect: 'early' | 'late' | 'never';
  /** What a read returns: the right value, an old one, or a wrong one. */
  readonly look: 'now' | 'past' | 'wrong';
  readonly final: boolean;
}

const turnLooking = (...looks: Turn['look'][]): fc.Arbitrary<Turn> =>
  fc.record({
    process: fc.nat(2),
    f: fc.constantFrom('add', 'read'),
    delta: fc.constantFrom(0, 1, 1, 2, 5, 9),
    outcome: fc.constantFrom('ok', 'ok', 'ok', 'info', 'fail'),
    effect: fc.constantFrom('early', 'late', 'never'),
    look: fc.constantFrom(...looks),
    final: fc.boolean(),
  });

/**
 * A history that a counter could have produced, except for the reads that are to be wrong: every process has one operation
 * open at a time, and each turn begins or ends one.
 */
function play(turns: readonly Turn[]): Operation[] {
  const operations: Operation[] = [];
  const processes = [0, 1, 2];
  const open = new Map<number, (completed: Moment) => Operation>();
  const totals = [0];
  let index = 0;
  const now = (): number => totals.at(-1) ?? 0;
  const happen = (delta: number): void => void totals.push(now() + delta);

  const see = ({ look, delta }: Turn): number => {
    if (look === 'now') return now();
    return look === 'past' ? (totals.at(-1 - delta) ?? 0) : now() + delta - 2;
  };
  const begin = (next: Turn): ((completed: Moment) => Operation) => {
    const { f, delta, outcome, effect } = next;
    const base = {
      process: processes[next.process] ?? 0,
      node: `n${next.process}`,
      invoked: moment(index++),
    };
    if (f === 'read') {
      const early = see(next);
      return (completed) => {
        const asked = { ...base, f, completed, final: next.final };
        if (outcome !== 'ok') return { ...asked, outcome: 'fail' };
        return { ...asked, outcome, value: effect === 'early' ? early : see(next) };
      };
    }
    const happensEarly = outcome !== 'fail' && effect === 'early';
    const happensLate = !happensEarly && (outcome === 'ok' || (outcome === 'info' && effect === 'late'));
    if (happensEarly) happen(delta);
    return (completed) => {
      if (happensLate) happen(delta);
      return { ...base, f, completed, outcome, delta, final: false };
    };
  };
  const end = (slot: number, complete: (completed: Moment) => Operation): void => {
    const operation = complete(moment(index++));
    open.delete(slot);
    operations.push(operation);
    if (operation.outcome === 'info') processes[slot] = operation.process + processes.length;
  };

  for (const next of turns) {
    const complete = open.get(next.process);
    if (complete === undefined) open.set(next.process, begin(next));
    else end(next.process, complete);
  }
  for (const [slot, complete] of open) end(slot, complete);
  return operations;
}

const mostlyRight = turnLooking('now', 'now', 'now', 'now', 'now', 'now', 'now', 'now', 'past', 'wrong');

const history = fc.array(mostlyRight, { maxLength: 30, size: 'max' }).map(play);

/** The sums of `base` and of every subset of `adds`. */
function sums(base: number, adds: readonly AddOperation[]): Set<number> {
  const [first, ...rest] = adds;
  if (first === undefined) return new Set([base]);
  return new Set([...sums(base, rest), ...sums(base + first.delta, rest)]);
}

const total = (adds: readonly AddOperation[]): number => adds.reduce((sum, { delta }) => sum + delta, 0);

/** The reads with a problem, by the definitions, one read at a time. */
function wrongReads(operations: readonly Operation[]): ReadOperation[] {
  const adds = operations.filter((operation) => operation.f === 'add');
  const reads = operations.filter((operation) => operation.f === 'read');
  return reads.filter(({ value, final: isFinal, invoked, completed }) => {
    if (value === undefined) return isFinal;
    const must = adds.filter((a) => a.outcome === 'ok' && a.completed.index < invoked.index);
    const optional = adds.filter(
      (a) => a.outcome !== 'fail' && a.invoked.index < completed.index && !must.includes(a),
    );
    const before = reads.filter((r) => r.value !== undefined && r.completed.index < invoked.index);
    const minimums = before.map(
      (r) => (r.value ?? 0) + total(must.filter((a) => a.invoked.index > r.completed.index)),
    );
    return !sums(total(must), optional).has(value) || minimums.some((minimum) => minimum > value);
  });
}

const byInvocation = (reads: readonly ReadOperation[]): ReadOperation[] =>
  reads.toSorted((a, b) => a.invoked.index - b.invoked.index);

const blamed = (problems: readonly Problem[]): ReadOperation[] =>
  problems.map((problem) => problem.operation).filter((operation) => operation.f === 'read');

test('the checker finds exactly the reads that violate a definition checked read by read', () => {
  fc.assert(
    fc.property(history, (operations) => {
      expect(byInvocation(blamed(judge(operations)))).toEqual(byInvocation(wrongReads(operations)));
    }),
    { numRuns: 1000 },
  );
});

test('the order of the operations in a history makes no difference', () => {
  fc.assert(
    fc.property(history, (operations) => {
      expect(byInvocation(blamed(judge(operations.toReversed())))).toEqual(
        byInvocation(blamed(judge(operations))),
      );
    }),
  );
});

test('the histories these properties see are right and wrong in good share, and for every reason', () => {
  const sample = fc.sample(history, { numRuns: 1000, seed: 1 });
  const right = sample.filter((operations) => wrongReads(operations).length === 0);
  expect(right.length).toBeGreaterThan(200);
  expect(right.length).toBeLessThan(800);
  const texts = sample.flatMap((operations) => problemsOf(...operations)).join('\n');
  for (const reason of ['misses', 'exceeds', 'is not a sum', 'goes back', 'did not answer']) {
    expect(texts.split(reason).length).toBeGreaterThan(20);
  }
});

test('a history whose reads are right is valid, however many outcomes are unknown', () => {
  const right = fc.array(turnLooking('now'), { maxLength: 60, size: 'max' });
  fc.assert(
    fc.property(right, (turns) => {
      expect(blamed(judge(play(turns))).filter((r) => r.outcome === 'ok')).toEqual([]);
    }),
  );
});
