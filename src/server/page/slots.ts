/**
 * On etcd: a table of the slots that servers count under, sorted by name, with where the server is that holds each. A slot has
 * the same colour here as in the table of counters.
 */
import { describeSlots, messageOf } from './api.ts';
import { byId, fillRows, find, setLine } from './dom.ts';
import { compareNames } from './format.ts';
import { hueOf } from './hues.ts';
import type { Slot, SlotsReply } from './replies.ts';

const summary = byId('slot-count', HTMLElement);
const table = byId('slots', HTMLTableElement);
const list = find(table, 'tbody', HTMLTableSectionElement);

/** Asks the server for the slots and shows them, or why that failed. Never rejects. */
export async function refreshSlots(): Promise<void> {
  try {
    showSlots(await describeSlots());
  } catch (error) {
    setLine(summary, `The slots are missing or out of date: ${messageOf(error)}`);
  }
}

function showSlots({ nodeId, slots }: SlotsReply): void {
  const held = slots.filter(({ state }) => state === 'held').length;
  setLine(summary, `${nodeId}: ${held === 1 ? '1 server' : `${held} servers`} on etcd`);
  const sorted = slots.toSorted((a, b) => compareNames(a.slot, b.slot));
  for (const { slot } of sorted) hueOf(slot);
  fillRows(list, sorted, showSlot);
  table.hidden = false;
}

function showSlot(row: HTMLElement, { slot, state, heldBy }: Slot): void {
  find(row, '.hue', HTMLElement).style.background = hueOf(slot);
  setLine(find(row, 'bdi', HTMLElement), slot);
  setLine(find(row, '.address', HTMLElement), heldBy ?? '–');
  const stateLine = find(row, '.state', HTMLElement);
  stateLine.className = `state ${state}`;
  setLine(stateLine, state);
}
