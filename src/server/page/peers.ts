/**
 * The cluster: how many peers this server has, and a table of the servers and addresses that it knows, sorted by node id.
 * A node has the same colour here as in the table of counters.
 */
import { describeCluster, isNotSupported, messageOf } from './api.ts';
import { byId, fillRows, find, setLine } from './dom.ts';
import { compareNames, formatCount } from './format.ts';
import { hueOf } from './hues.ts';
import type { ClusterReply, Member } from './replies.ts';
import { refreshSlots } from './slots.ts';

/** Whether the counters are in etcd: then there are no peers. */
let hasSlots = false;

const summary = byId('peer-count', HTMLElement);
const table = byId('peers', HTMLTableElement);
const list = find(table, 'tbody', HTMLTableSectionElement);

/** Asks the server for its peers, or its slots if it has none, and shows them, or why that failed. Never rejects. */
export async function refreshPeers(): Promise<void> {
  if (hasSlots) return refreshSlots();
  try {
    showCluster(await describeCluster());
  } catch (error) {
    hasSlots = isNotSupported(error);
    if (hasSlots) return refreshSlots();
    setLine(summary, `The peers are missing or out of date: ${messageOf(error)}`);
  }
}

function showCluster({ nodeId, peerCount, members }: ClusterReply): void {
  const others = members
    .filter(({ state }) => state !== 'self')
    .toSorted((a, b) => compareNames(a.nodeId ?? '', b.nodeId ?? '') || compareNames(a.address, b.address));
  const none = 'no peers; see --cluster, --peers and POST /register';
  const some = peerCount === 1 ? '1 peer' : `${peerCount} peers`;
  setLine(summary, `${nodeId}: ${others.length === 0 ? none : some}`);
  table.hidden = others.length === 0;
  // Hues are given out in the order of names, so that they are the same in the page of each server.
  for (const name of [nodeId, ...others.map((other) => other.nodeId ?? nodeId)].toSorted(compareNames))
    hueOf(name);
  fillRows(list, others, showMember);
}

function showMember(row: HTMLElement, { nodeId, address, state, reason, answeredAgoS, lagMs }: Member): void {
  find(row, '.hue', HTMLElement).style.background = nodeId === null ? '' : hueOf(nodeId);
  const stateLine = find(row, '.state', HTMLElement);
  stateLine.className = `state ${state}`;
  setLine(stateLine, state);
  setLine(find(row, '.reason', HTMLElement), reason);
  setLine(find(row, 'bdi', HTMLElement), nodeId ?? 'unknown');
  setLine(find(row, '.address', HTMLElement), address);
  const ago = answeredAgoS === null ? 'never' : `${formatCount(Math.round(answeredAgoS))} s ago`;
  setLine(find(row, '.ago', HTMLElement), ago);
  setLine(find(row, '.lag', HTMLElement), lagMs === null ? '–' : `${formatCount(lagMs)} ms`);
}
