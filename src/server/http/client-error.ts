import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { Refusal } from '../refusal.ts';
import { refusalReply } from './call.ts';
import type { Connections } from './connections.ts';

/**
 * Answers what the HTTP parser gives up on, after the requests that came before it on the same connection, and closes
 * the connection.
 */
export function answerClientError(error: Error, socket: Duplex, connections: Connections): void {
  const code = 'code' in error ? error.code : undefined;
  const pending = connections.pending(socket);
  if (pending !== undefined && !pending.headersSent) {
    pending.once('close', () => answerClientError(error, socket, connections));
    return;
  }
  if (pending !== undefined || !socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const { status, body } = refusalReply(refusalOf(code));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    // The client may never close its side.
    () => socket.destroy(),
  );
}

function refusalOf(code: unknown): Refusal {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Refusal(431, 'head_too_large', 'the head of the request is too large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Refusal(408, 'timeout', 'the request took too long to arrive');
    default:
      return new Refusal(400, 'bad_request', 'this is not HTTP');
  }
}
