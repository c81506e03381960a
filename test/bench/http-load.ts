import { type Socket, connect } from 'node:net';
import { latencies } from './median.ts';

export interface Load {
  readonly port: number;
  readonly connections: number;
  readonly durationMs: number;
  /** The complete text of the n-th request. */
  readonly request: (n: number) => Buffer;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Sends requests on several connections at once, on each the next one after the response to the last. Speaks just enough
 * HTTP for that, since the client shares the machine with the measured server. Rejects for any status but 200.
 */
export async function load({ port, connections, durationMs, request }: Load): Promise<LoadResult> {
  let sent = 0;
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  const endMs = startedMs + durationMs;
  const drive = (socket: Socket): Promise<void> =>
    new Promise((resolve, reject) => {
      let answer = '';
      let sentMs = 0;
      const next = (): void => {
        sentMs = performance.now();
        if (sentMs >= endMs) {
          socket.destroy();
          resolve();
        } else {
          socket.write(request(sent++));
        }
      };
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1');
        if (!isWhole(answer)) return;
        if (!answer.startsWith('HTTP/1.1 200 ')) {
          reject(new Error(answer));
          return;
        }
        answer = '';
        latenciesMs.push(performance.now() - sentMs);
        next();
      });
      socket.on('error', reject);
      socket.on('connect', next);
    });
  await Promise.all(
    Array.from({ length: connections }, () => drive(connect({ port, host: '127.0.0.1', noDelay: true }))),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  return { requests: latenciesMs.length, perSecond: latenciesMs.length / seconds, ...latencies(latenciesMs) };
}

function isWhole(answer: string): boolean {
  const head = answer.indexOf('\r\n\r\n');
  const length = /content-length: (\d+)/i.exec(answer)?.[1];
  return head !== -1 && length !== undefined && answer.length >= head + 4 + Number(length);
}

/** A POST request as it is sent. */
export const post = (path: string, body: string): Buffer =>
  Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
