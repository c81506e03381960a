/**
 * Replies: what a handler returns for the server to send, and the one form in which errors are sent.
 */
import type { ApiError } from '../../store/api-error.ts';
import { errorStatusOf } from './error-statuses.ts';

export interface Reply {
  readonly status: number;
  /** The content type. */
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const jsonReply = (body: string, status = 200): Reply => ({ status, type: 'application/json', body });

export function errorReply(error: ApiError): Reply {
  const { status, headers } = errorStatusOf(error);
  const { code, message } = error;
  return { ...jsonReply(JSON.stringify({ error: { code, message } }), status), headers };
}
