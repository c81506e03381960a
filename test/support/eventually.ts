/**
 * Waiting for a state that has to come. How long that takes says nothing: on a machine that is busy with something
 * else it may be a hundred times as long as usual, and servers that take each other for unreachable meanwhile need
 * half a minute to look again.
 */
import { vi } from 'vitest';

/** When a state counts as one that never comes. */
const PATIENCE_MS = 120_000;
const INTERVAL_MS = 20;

/** Resolves when a claim holds. Rejects with the claim's last error where it never does. */
export const eventually = <T>(claim: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(claim, { timeout: PATIENCE_MS, interval: INTERVAL_MS });

/** Resolves with what is looked for when it is there. Rejects where it never is. */
export const until = <T>(look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> =>
  eventually(async () => {
    const found = await look();
    if (found === undefined || found === false) throw new Error('what is waited for does not come');
    return found;
  });
