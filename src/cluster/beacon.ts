import { isObject, parseJson } from '../runtime/json.ts';
import { Malformed, countFrom, peerInfoFrom, peerInfoJson } from './codec.ts';
import type { PeerInfo } from './messages.ts';
import type { Keyring } from './hmac.ts';

/** What a server calls out to whoever is near: a hint that it is there, to be verified by asking it. */
export interface Beacon extends PeerInfo {
  /** Counts the beacons of a boot. */
  readonly seq: number;
}

/** Fits into one datagram on any network. */
export const MAX_BEACON_BYTES = 512;
const VERSION = 1;

/** A beacon as a datagram; undefined where it would be too long. */
export function encodeBeacon(keyring: Keyring, beacon: Beacon): string | undefined {
  const text = keyring.sign(
    'beacon',
    '',
    JSON.stringify({ 'g-counter': VERSION, ...peerInfoJson(beacon), seq: beacon.seq }),
  );
  return Buffer.byteLength(text) <= MAX_BEACON_BYTES ? text : undefined;
}

/** The beacon that a datagram is; undefined for anything else, and for what another key or none has sealed. */
export function decodeBeacon(keyring: Keyring, datagram: string): Beacon | undefined {
  if (datagram.length > MAX_BEACON_BYTES) return undefined;
  const text = keyring.verify('beacon', '', datagram);
  if (text === undefined) return undefined;
  try {
    const json: unknown = parseJson(text);
    if (!isObject(json) || json['g-counter'] !== VERSION) return undefined;
    return { ...peerInfoFrom(json), seq: countFrom(json['seq']) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Malformed) return undefined;
    throw error;
  }
}
