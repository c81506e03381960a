/**
 * The good news of a cluster, for its log: which server has joined, is back, or has moved to another address.
 */
import type { Log } from '../runtime/log.ts';
import type { Address } from './address.ts';

/** How many node ids are remembered; beyond that, a server that is back is said to have joined. */
const MAX_REMEMBERED = 1000;

/** Returns a function to be called when a server becomes a peer, with its node id. */
export function logArrivals(log: Log): (nodeId: string, address: Address) => void {
  const lastAddresses = new Map<string, Address>();
  return (nodeId, address) => {
    const last = lastAddresses.get(nodeId);
    if (lastAddresses.size >= MAX_REMEMBERED) lastAddresses.clear();
    lastAddresses.set(nodeId, address);
    if (last === undefined) log(`${nodeId} at ${address} has joined`);
    else if (last === address) log(`${nodeId} at ${address} is back`);
    else log(`${nodeId} has moved from ${last} to ${address}`);
  };
}
