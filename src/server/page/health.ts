/**
 * The head of the page: the id of the node and one word, which is `live` if the server accepts increments and the page
 * hears of changes. Otherwise it is what the server reports, `connecting`, or `unreachable`.
 */
import { checkHealth } from './api.ts';
import { byId } from './dom.ts';

const node = byId('node', HTMLElement);
const state = byId('state', HTMLElement);

let health = 'connecting';

/** Asks the server how it is. `showState` then shows it. Never rejects. */
export async function refreshHealth(): Promise<void> {
  try {
    const { status, nodeId } = await checkHealth();
    health = status;
    if (nodeId !== undefined) node.textContent = nodeId;
  } catch {
    health = 'unreachable';
  }
}

export function showState(isWatching: boolean): void {
  const word = health !== 'ok' ? health : isWatching ? 'live' : 'connecting';
  state.textContent = word;
  state.className = word;
}
