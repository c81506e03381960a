/**
 * How many connections this process can hold: each takes a file descriptor, of which the system grants so many, and the
 * store needs some for its snapshots and segments.
 */
import { readFileSync, readdirSync } from 'node:fs';

/** Kept for files of the store, for peers and for what Node opens. */
const RESERVED_DESCRIPTORS = 32;

/**
 * Returns how many descriptors are open and how many can be (Infinity without a limit); undefined where the system does not
 * say, as on macOS, or where none is left to ask with.
 */
export function fileDescriptors(): { readonly open: number; readonly granted: number } | undefined {
  try {
    const granted = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    const open = readdirSync('/proc/self/fd').length;
    return { open, granted: granted === undefined ? Infinity : Number(granted) };
  } catch {
    return undefined;
  }
}

/** Returns `wanted`, or fewer if the system grants fewer, but at least one. */
export function connectionsWithin(wanted: number): number {
  const { open = 0, granted = Infinity } = fileDescriptors() ?? {};
  return Math.max(1, Math.min(wanted, granted - open - RESERVED_DESCRIPTORS));
}
