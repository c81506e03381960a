/**
 * Answers what Node's HTTP parser gives up on, in the same form as any other error, and closes the connection.
 */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError } from '../../store/api-error.ts';
import type { Connections } from './connections.ts';
import { errorReply } from './reply.ts';

/** Answers after what is being answered on the same connection, then closes it. An ApiError is answered as it is. */
export function answerClientError(error: Error, socket: Duplex, connections: Connections): void {
  // No TLS was agreed on, so nothing can be said.
  if (!connections.has(socket)) return void socket.destroy();
  const code = 'code' in error ? error.code : undefined;
  const { status, type, body, headers } = errorReply(error instanceof ApiError ? error : errorOf(code));
  const all = { 'content-type': type, 'content-length': body.length, ...headers, connection: 'close' };
  const pending = connections.pending(socket);
  connections.ignoreRest(socket);
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
  } else if (pending === undefined) {
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    // The client might never close its side.
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`, () =>
      socket.destroy(),
    );
  } else if (pending.headersSent) {
    pending.once('close', () => answerClientError(error, socket, connections));
  } else {
    // The parser has failed on the body of this request.
    pending.writeHead(status, all);
    pending.end(body);
  }
}

function errorOf(code: unknown): ApiError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ApiError('head_too_large', 'the head of the request is too large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ApiError('timeout', 'the request took too long to arrive');
    case 'HPE_INVALID_VERSION':
    case 'HPE_PAUSED_H2_UPGRADE':
      return new ApiError('unsupported_version', 'the version of HTTP must be 1.1 or 1.0');
    default:
      return new ApiError('bad_request', 'this is not HTTP');
  }
}
