/**
 * The colours of nodes. A node gets the next hue of palette.css when it is first seen, and keeps it; the replica ids of
 * one node are shades of its hue.
 */

const HUES = 6; // --c0 to --c5

/** Where the suffix begins that tells the replica ids of a node apart: ~2, or ~k3f9qz in a cluster. */
const SUFFIX = /(?=~(?:\d+|[a-z][\da-z]{5})$)/;

const hues = new Map<string, { readonly hue: string; readonly replicaIds: string[] }>();

/** A replica id as the id of its node and a suffix, which may be empty. */
export function splitReplicaId(replicaId: string): [nodeId: string, suffix: string] {
  const [nodeId = '', suffix = ''] = replicaId.split(SUFFIX);
  return [nodeId, suffix];
}

/** As a CSS colour. */
export const hueOf = (nodeId: string): string => entryOf(nodeId).hue;

/** As a CSS colour: each further replica id of a node is paler, down to a limit. */
export function shadeOf(replicaId: string): string {
  const { hue, replicaIds } = entryOf(splitReplicaId(replicaId)[0]);
  if (!replicaIds.includes(replicaId)) replicaIds.push(replicaId);
  const percent = Math.max(35, 100 - 30 * replicaIds.indexOf(replicaId));
  return `color-mix(in srgb, ${hue} ${percent}%, var(--page))`;
}

function entryOf(nodeId: string): { readonly hue: string; readonly replicaIds: string[] } {
  let entry = hues.get(nodeId);
  if (entry === undefined) {
    entry = { hue: `var(--c${hues.size % HUES})`, replicaIds: [] };
    hues.set(nodeId, entry);
  }
  return entry;
}
