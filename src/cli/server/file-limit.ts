/**
 * How many connections this process can hold: each takes a file descriptor, of which the system grants so many, and the
 * store needs some for its snapshots and segments.
 */
import { readFileSync, readdirSync } from 'node:fs';

/** Kept for files of the store, for peers and for what Node opens. */
const RESERVED_DESCRIPTORS = 32;

/** Returns `wanted`, or fewer if the system grants fewer, but at least one. Where it does not say, as on macOS, `wanted`. */
export function connectionsWithin(wanted: number): number {
  try {
    const granted = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    const open = readdirSync('/proc/self/fd').length;
    const left = granted === undefined ? Infinity : Number(granted) - open - RESERVED_DESCRIPTORS;
    return Math.max(1, Math.min(wanted, left));
  } catch {
    return wanted;
  }
}
