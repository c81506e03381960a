import { isObject } from '../runtime/json.ts';
import { type Address, normalAddress } from './address.ts';
import { nameFault } from './names.ts';
import type { Seal } from './seal.ts';

/** What a server calls out to whoever is near: a hint that it is there, to be verified by asking it. */
export interface Beacon {
  readonly cluster: string;
  readonly id: string;
  readonly life: string;
  /** An address, or a port of the host that the datagram comes from. */
  readonly at: Address | number;
  /** Counts the beacons of a life. */
  readonly seq: number;
}

/** Fits into one datagram on any network. */
export const MAX_BEACON_BYTES = 512;
const VERSION = 1;

/** A beacon as a datagram; undefined where it would be too long. */
export function encodeBeacon(seal: Seal, { cluster, id, life, at, seq }: Beacon): string | undefined {
  const text = seal.close('beacon', '', JSON.stringify({ 'g-counter': VERSION, cluster, id, life, at, seq }));
  return Buffer.byteLength(text) <= MAX_BEACON_BYTES ? text : undefined;
}

/** The beacon that a datagram is; undefined for anything else, and for what another key or none has sealed. */
export function decodeBeacon(seal: Seal, datagram: string): Beacon | undefined {
  if (datagram.length > MAX_BEACON_BYTES) return undefined;
  const text = seal.open('beacon', '', datagram);
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(json) || json['g-counter'] !== VERSION) return undefined;
  const { cluster, id, life, at, seq } = json;
  if (!isName(cluster) || !isName(id) || typeof life !== 'string' || !/^[0-9a-z]{1,32}$/.test(life)) {
    return undefined;
  }
  if (!Number.isSafeInteger(seq) || typeof seq !== 'number' || seq < 0) return undefined;
  if (typeof at === 'number') {
    const isPort = Number.isInteger(at) && at >= 1 && at <= 65_535;
    return isPort ? { cluster, id, life, at, seq } : undefined;
  }
  const address = typeof at === 'string' ? normalAddress(at) : undefined;
  return address === undefined ? undefined : { cluster, id, life, at: address, seq };
}

const isName = (json: unknown): json is string => typeof json === 'string' && nameFault(json) === undefined;
