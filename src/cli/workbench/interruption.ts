/**
 * What commands do that keep nothing when they are told to stop.
 */
import { Interrupted } from '../../workbench/nodes/stopped.ts';

/** Resolves when the command is to stop. */
export const whenStopped = (stop: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener('abort', () => resolve());
  });

/** Settles as `work` does, or rejects with Interrupted when the command is to stop before. */
export function unlessStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T> {
  const interruption = whenStopped(stop).then(() => {
    throw new Interrupted('interrupted');
  });
  return Promise.race([work, interruption]);
}
