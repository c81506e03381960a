/**
 * The page of a server at GET /: its health, its peers, and its counters as they change. This module connects the parts
 * and keeps time: each second it takes samples and asks for the peers, and every five it repairs what has failed.
 */
import { type AddForm, add } from './add.ts';
import { byId, find, setLine } from './dom.ts';
import { formatCount } from './format.ts';
import { refreshHealth, showState } from './health.ts';
import { CounterList } from './list.ts';
import { refreshPeers } from './peers.ts';
import { onToken } from './token.ts';
import { urlOf } from './urls.ts';
import { CounterWatch } from './watch.ts';

const TICK_MS = 1000;
const REPAIR_MS = 5000;
/** How long the prefix must have stayed the same before it is used. */
const TYPING_MS = 200;

const prefix = byId('prefix', HTMLInputElement);
const newCounter = byId('new', HTMLFormElement);
const newDone = byId('new-done', HTMLElement);

const list = new CounterList((key, form) => void addAndList(key, form));
const watch = new CounterWatch({
  onStale: () => void list.load(),
  onChange: (counter) => list.change(counter),
  onState: () => showState(watch.isOpen),
});
let sampledMs = performance.now();
let typing: ReturnType<typeof setTimeout> | undefined;

byId('example-url', HTMLElement).textContent = urlOf('counter/incr/likes');
byId('more', HTMLButtonElement).addEventListener('click', () => list.showMore());
newCounter.addEventListener('submit', () => void addToNewKey());
prefix.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(usePrefix, TYPING_MS);
});
onToken(repair);
document.addEventListener('submit', (event) => event.preventDefault());
document.addEventListener('visibilitychange', tick);
setInterval(tick, TICK_MS);
setInterval(repair, REPAIR_MS);
watch.open(list.prefix);
void updateHealth();
void refreshPeers();

/** Nothing happens while the page is hidden; the first tick afterwards makes up for it. */
function tick(): void {
  const seconds = Math.round((performance.now() - sampledMs) / 1000);
  if (document.hidden || seconds === 0) return;
  sampledMs += seconds * 1000;
  void refreshPeers();
  list.tick(seconds);
}

function repair(): void {
  if (document.hidden) return;
  void updateHealth();
  if (watch.isClosed) watch.open(list.prefix);
  else if (list.hasFailed) void list.load();
}

async function updateHealth(): Promise<void> {
  await refreshHealth();
  showState(watch.isOpen);
}

function usePrefix(): void {
  list.setPrefix(prefix.value);
  watch.open(list.prefix);
}

async function addToNewKey(): Promise<void> {
  const key = byId('new-key', HTMLInputElement).value;
  setLine(newDone, '');
  const value = await addAndList(key, {
    amount: byId('new-amount', HTMLInputElement),
    button: find(newCounter, 'button', HTMLButtonElement),
    error: byId('new-error', HTMLElement),
  });
  if (value !== undefined) setLine(newDone, `${key} is now ${formatCount(value)}`);
}

/** Resolves with the new value or, if the form shows an error, with undefined. */
async function addAndList(key: string, form: AddForm): Promise<number | undefined> {
  const value = await add(key, form);
  // An open stream brings the change by itself.
  if (value !== undefined && !watch.isOpen) void list.load();
  return value;
}
