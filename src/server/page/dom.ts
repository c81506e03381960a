/**
 * The elements of page.html, with their types. An element that is missing, or is of another type, is a mistake in this
 * folder: looking it up throws.
 */

/** The first element below `root` that matches. */
export function find<T extends Element>(root: ParentNode, selector: string, type: new () => T): T {
  const found = root.querySelector(selector);
  if (!(found instanceof type)) throw new TypeError(`no ${type.name} matches ${selector}`);
  return found;
}

export const byId = <T extends HTMLElement>(id: string, type: new () => T): T =>
  find(document, `#${id}`, type);

/** Shows a text in a line and, where the line is too short for it, as its tooltip. Shows the line's row if there is a text. */
export function setLine(line: HTMLElement, text: string): void {
  // Setting the same text again would undo a selection in it.
  if (line.textContent === text) return;
  line.textContent = text;
  line.title = text;
  line.closest('.slip')?.toggleAttribute('hidden', text === '');
}

/** Gives a table's body a row for each element. Its first row is copied, and stays if there is none to show. */
export function fillRows<T>(
  body: HTMLTableSectionElement,
  elements: readonly T[],
  show: (row: HTMLElement, element: T) => void,
): void {
  const first = find(body, 'tr', HTMLTableRowElement);
  while (body.rows.length > Math.max(1, elements.length)) body.lastElementChild?.remove();
  while (body.rows.length < elements.length) body.append(first.cloneNode(true));
  for (const [index, row] of [...body.rows].entries()) {
    const element = elements[index];
    if (element !== undefined) show(row, element);
  }
}
