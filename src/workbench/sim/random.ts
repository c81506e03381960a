/**
 * Random numbers that one seed determines, on every machine, split into a stream per component: a new draw in one place does
 * not move the draws of the others.
 */
import { type Random, drawn } from '../../runtime/random.ts';

/** Returns the stream of random numbers of one component of a run. */
export type Streams = (component: string) => Random;

/** Splits a seed into streams. The same seed and component give the same stream. */
export function streams(seed: number): Streams {
  return (component) => new Sfc32(`${seed}/${component}`);
}

/** The Small Fast Counter generator of Chris Doty-Humphrey, 32 bits wide (PractRand). */
class Sfc32 implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string) {
    this.#a = fnv1a(`a${seed}`);
    this.#b = fnv1a(`b${seed}`);
    this.#c = fnv1a(`c${seed}`);
    for (let round = 0; round < 15; round++) this.#next32();
  }

  next(): number {
    // 53 random bits, as many as a number in [0, 1) can carry.
    return ((this.#next32() >>> 5) * 2 ** 26 + (this.#next32() >>> 6)) / 2 ** 53;
  }

  #next32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum;
  }
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** Draws an integer from 0 to `bound` − 1. */
export const below = (random: Random, bound: number): number => Math.floor(random.next() * bound);

/** Draws one of `choices`, which must not be empty. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  const choice = choices[below(random, choices.length)];
  if (choice === undefined) throw new Error('nothing to pick from');
  return choice;
}

/** Returns the same elements in random order. */
export const shuffled = <T>(random: Random, elements: readonly T[]): T[] =>
  drawn(random, elements, elements.length);
