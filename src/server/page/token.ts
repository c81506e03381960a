/**
 * The token that a server may require. The page asks for it when the server has refused a request for the lack of it,
 * and keeps it until the tab is closed.
 */
import { byId, setLine } from './dom.ts';

const form = byId('unlock', HTMLFormElement);
const field = byId('token', HTMLInputElement);
const problem = byId('token-error', HTMLElement);

let token = sessionStorage.getItem('token') ?? '';
let interrupted: Element | null = null; // what had the focus before the token field

export const authorization = (): Record<string, string> =>
  token === '' ? {} : { Authorization: `Bearer ${token}` };

/** To be called when the server has refused a request for its token. */
export function askForToken(): void {
  setLine(problem, token && 'The server did not accept the token.');
  if (!form.hidden) return;
  form.hidden = false;
  interrupted = document.activeElement;
  field.focus();
}

/** Calls `retry` whenever a token has been entered. */
export function onToken(retry: () => void): void {
  form.addEventListener('submit', () => {
    token = field.value.trim();
    sessionStorage.setItem('token', token);
    field.value = '';
    form.hidden = true;
    if (interrupted instanceof HTMLElement) interrupted.focus();
    retry();
  });
}
