/**
 * Beacons: the datagrams by which servers find each other on a network. A beacon only names a candidate, which is
 * verified by asking it; it is signed like every other message.
 */
import { DecodeError, decodeJson, integer } from '../runtime/decode.ts';
import { isObject } from '../runtime/json.ts';
import { peerInfoFrom, peerInfoJson } from './codec.ts';
import type { PeerInfo } from './messages.ts';
import type { Keyring } from './hmac.ts';

/** What a beacon says. */
export interface Beacon extends PeerInfo {
  /** Counts the beacons sent under one boot id. */
  readonly seq: number;
}

/** Fits into one datagram on any network. */
export const MAX_BEACON_BYTES = 512;
const VERSION = 1;

/** Encodes a beacon as a datagram; undefined if it would be longer than MAX_BEACON_BYTES. */
export function encodeBeacon(keyring: Keyring, beacon: Beacon): string | undefined {
  const text = keyring.sign(
    'beacon',
    '',
    JSON.stringify({ 'g-counter': VERSION, ...peerInfoJson(beacon), seq: beacon.seq }),
  );
  return Buffer.byteLength(text) <= MAX_BEACON_BYTES ? text : undefined;
}

/** Decodes a datagram; undefined if it is not a beacon, or not signed with a key of the keyring. */
export function decodeBeacon(keyring: Keyring, datagram: string): Beacon | undefined {
  if (datagram.length > MAX_BEACON_BYTES) return undefined;
  const text = keyring.verify('beacon', '', datagram);
  if (text === undefined) return undefined;
  try {
    const json = decodeJson(text);
    if (!isObject(json) || json['g-counter'] !== VERSION) return undefined;
    return { ...peerInfoFrom(json), seq: integer(json['seq']) };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
