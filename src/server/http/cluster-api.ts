/**
 * The routes about the cluster, and the short paths for the one counter that all its servers share. The words on the wire
 * (`contacts`, `static`, `new`) are written here and nowhere else.
 */
import { DecodeError } from '../../runtime/decode.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { type Member, type MemberState, type Source, isPeer } from '../../cluster/member.ts';
import { ApiError } from '../../store/api-error.ts';
import { readFields, readJson, readMessage } from './body.ts';
import type { ClusterContext, Exchange, StoreContext } from './context.ts';
import { countIncrements } from './increments.ts';
import { countedReply, valueReply } from './negotiation.ts';
import { type Reply, jsonReply } from './reply.ts';
import { amountFromBody, countFromBody, peerFromBody } from './validation.ts';

/** The counter that all servers of a cluster share under the short paths. */
export const SHARED_KEY = 'default';

/** GET /count */
export async function count({ store }: StoreContext, { request }: Exchange): Promise<Reply> {
  const { value } = await store.read(SHARED_KEY);
  return valueReply(request, value, countJson(store.nodeId, value));
}

/** POST /increment {"amount"}, also as a form */
export async function incrementShared({ store }: StoreContext, exchange: Exchange): Promise<Reply> {
  const { request } = exchange;
  const increments = [{ key: SHARED_KEY, amount: amountFromBody(await readFields(request)) }];
  const { nodeId, values } = await countIncrements(store, exchange, 'one', increments);
  const [value = 0] = values;
  return countedReply(request, value, countJson(nodeId, value), `badge/${SHARED_KEY}.svg`);
}

/** POST /sync {"count"} */
export async function syncShared({ store }: StoreContext, { request }: Exchange): Promise<Reply> {
  const value = await store.raiseTo(SHARED_KEY, countFromBody(await readJson(request)));
  return jsonReply(countJson(store.nodeId, value));
}

/** GET /peers */
export const peers = ({ cluster }: ClusterContext): Reply => jsonReply(JSON.stringify(cluster.peers));

/** POST /register {"id"} */
export async function register({ cluster }: ClusterContext, { request }: Exchange): Promise<Reply> {
  const address = peerFromBody(await readJson(request));
  const member = await cluster.register(address);
  if (member === undefined) {
    throw new ApiError('too_many_peers', 'as many addresses are known as can be; see --max-peers');
  }
  const status = statusOf(member);
  await save(cluster);
  const body = { id: address, node_id: member.who?.id, status, reason: member.why || undefined };
  return jsonReply(JSON.stringify({ ...body, peers: cluster.peers }), status === 'pending' ? 202 : 200);
}

/** Whether a registered member is a peer yet. Throws an ApiError if it cannot become one. */
function statusOf({ state, address, why }: Member): 'peer' | 'pending' {
  switch (state) {
    case 'alive':
    case 'suspect':
    case 'alias':
      return 'peer';
    case 'candidate':
    case 'unreachable':
    case 'removed':
    case 'excluded':
      return 'pending';
    case 'self':
    case 'duplicate':
    case 'stranger':
      throw new ApiError('not_a_peer', `${address} cannot be a peer: ${why}`);
  }
}

/** POST /remove-peer {"id"} */
export async function removePeer({ cluster }: ClusterContext, { request }: Exchange): Promise<Reply> {
  const address = peerFromBody(await readJson(request));
  const nodeId = cluster.remove(address);
  if (nodeId === undefined) throw new ApiError('unknown_peer', `no peer is known by ${address}`);
  await save(cluster);
  return jsonReply(JSON.stringify({ id: address, node_id: nodeId, peers: cluster.peers }));
}

/** Resolves when a removal or a registration would survive a restart. Rejects with an ApiError if the disk fails. */
async function save(cluster: Cluster): Promise<void> {
  try {
    await cluster.save();
  } catch {
    throw new ApiError(
      'unknown_outcome',
      'this is in effect, but the disk failed while it was being stored: a restart may undo it',
    );
  }
}

/** What `GET /discovery` calls the states and sources of members for which the cluster has other words. */
const apiWords: ReadonlyMap<string, string> = new Map([
  ['candidate', 'new'],
  ['configured', 'static'],
]);
const apiWordOf = (word: MemberState | Source): string => apiWords.get(word) ?? word;

/** GET /discovery */
export function discovery({ store, cluster, clock }: ClusterContext): Reply {
  const nowMs = clock.nowMs();
  const ago = (atMs: number): number => Math.round(nowMs - atMs) / 1000;
  const body = {
    node_id: store.nodeId,
    peers: cluster.peers,
    contacts: [...cluster.members].map((member) => ({
      id: member.address,
      node_id: member.who?.id ?? null,
      state: apiWordOf(member.state),
      reason: member.why,
      source: apiWordOf(member.source),
      answered_s_ago: member.heardMs === undefined ? null : ago(member.heardMs),
      lag_ms: isPeer(member) ? Math.round(cluster.lagMs(member)) : null,
    })),
    heard: [...cluster.heard].map(({ id, address, seq, firstMs, lastMs }) => ({
      id: address,
      node_id: id,
      beacon: seq,
      first_s_ago: ago(firstMs),
      last_s_ago: ago(lastMs),
    })),
  };
  return jsonReply(JSON.stringify(body));
}

/** POST /peer: a request of a peer. */
export async function peer({ cluster }: ClusterContext, { request }: Exchange): Promise<Reply> {
  const text = await readMessage(request);
  try {
    const { remoteAddress } = request.socket;
    if (remoteAddress === undefined) {
      throw new ApiError('no_peer', 'nobody is there any more', { hasHungUp: true });
    }
    return jsonReply(await cluster.receive(text, remoteAddress));
  } catch (error) {
    if (error instanceof DecodeError) throw new ApiError('no_peer', error.message);
    throw error;
  }
}

const countJson = (nodeId: string, value: number): string =>
  `{"count":${value},"node_id":${JSON.stringify(nodeId)}}`;
