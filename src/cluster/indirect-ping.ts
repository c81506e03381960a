import { type Random, drawn } from '../runtime/random.ts';
import type { Address } from './address.ts';
import type { Member } from './member.ts';
import type { Response, RequestBody } from './messages.ts';
import { INDIRECT_TIMEOUT_MS } from './timing.ts';

/** Asks whoever is at an address, or a certain bootId there. */
export type Ask = (address: Address, to: string, body: RequestBody, timeoutMs: number) => Promise<Response>;

/** How many others try when a peer does not answer. */
const HELPERS = 2;

/** Whether any of some peers reaches an address that we do not. */
export async function isReachedByOthers(
  ask: Ask,
  random: Random,
  peers: readonly Member[],
  address: Address,
): Promise<boolean> {
  const attempts = drawn(random, peers, HELPERS).map(async (helper) => {
    const body = { type: 'indirect-ping', address } as const;
    const { body: answer } = await ask(helper.address, helper.who?.bootId ?? '', body, INDIRECT_TIMEOUT_MS);
    return answer.type === 'indirect-ack' && answer.reached;
  });
  const reached = await Promise.all(attempts.map((attempt) => attempt.catch(() => false)));
  return reached.includes(true);
}
