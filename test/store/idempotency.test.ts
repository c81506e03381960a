import { expect, test } from 'vitest';
import { type Answer, Answers } from '../../src/store/idempotency.ts';

const answer = (timeMs: number, value = 1): Answer => ({ fingerprint: 'f', values: [value], timeMs });

const answersWith = (times: Record<string, number>, maxAnswers = 10): Answers => {
  const answers = new Answers({ windowMs: 100, maxAnswers });
  for (const [id, timeMs] of Object.entries(times)) answers.set(id, answer(timeMs));
  return answers;
};

test('an answer is given for as long as its window is open, and not a moment longer', () => {
  const answers = answersWith({ a: 1000 });
  expect(answers.get('a', 1000)).toEqual(answer(1000));
  expect(answers.get('a', 1099)).toEqual(answer(1000));
  expect(answers.get('a', 1100)).toBeUndefined();
  expect(answers.get('b', 1000)).toBeUndefined();
});

test('there is room for as many answers as there may be', () => {
  const answers = answersWith({ a: 1000, b: 1001 }, 4);
  expect(answers.hasRoomFor(2, 1001)).toBe(true);
  expect(answers.hasRoomFor(3, 1001)).toBe(false);
});

test('an answer that is too old makes room for another', () => {
  const answers = answersWith({ a: 1000, b: 1001 }, 2);
  expect(answers.hasRoomFor(1, 1099)).toBe(false);
  expect(answers.hasRoomFor(1, 1100)).toBe(true);
  expect(answers.size).toBe(1);
  expect(answers.get('b', 1100)).toEqual(answer(1001));
});

test('an answer that replaces another is the newest', () => {
  const answers = answersWith({ a: 1000, b: 1001 }, 2);
  answers.set('a', answer(1050, 2));
  expect(answers.size).toBe(2);
  expect(answers.get('a', 1149)).toEqual(answer(1050, 2));
  expect([...answers.fresh(1050)].map(([id]) => id)).toEqual(['b', 'a']);
  expect(answers.hasRoomFor(1, 1101)).toBe(true);
});

test('only what would still be given is carried on', () => {
  const answers = answersWith({ a: 1000, b: 1001, c: 1002 });
  expect([...answers.fresh(1101)]).toEqual([['c', answer(1002)]]);
});

test('names that objects have are names like any others', () => {
  const answers = answersWith({});
  expect(answers.get('constructor', 0)).toBeUndefined();
  answers.set('__proto__', answer(0));
  expect(answers.get('__proto__', 0)).toEqual(answer(0));
});
