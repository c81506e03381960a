/**
 * Incrementing a counter from a form. Whatever comes of the request, the form shows it, and nothing is counted twice. An
 * error that leaves open whether the increment was counted says so.
 */
import { ApiError, increment, isUnauthorized, messageOf } from './api.ts';
import { setLine } from './dom.ts';
import { askForToken } from './token.ts';

export interface AddForm {
  readonly amount: HTMLInputElement;
  readonly button: HTMLElement;
  readonly error: HTMLElement;
}

/** Resolves with the new value or, when the form shows why not, with undefined. */
export async function add(
  key: string,
  { amount, button, error: line }: AddForm,
): Promise<number | undefined> {
  setLine(line, '');
  button.ariaBusy = 'true';
  try {
    return await increment(key, Number(amount.value || 1));
  } catch (error) {
    const message = messageOf(error);
    setLine(line, error instanceof ApiError ? message : `${message}, it may or may not have been counted`);
    if (isUnauthorized(error)) askForToken();
    return undefined;
  } finally {
    button.ariaBusy = 'false';
  }
}
