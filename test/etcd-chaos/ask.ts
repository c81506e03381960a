/** Requests to servers that may be gone, stand still, or refuse for the time being. */
import { Agent, request } from 'node:http';

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The status is 0 if there is no answer, and the body says why. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

const agent = new Agent({ keepAlive: true });

/** Never rejects. */
export function ask(
  port: number,
  { method, path, headers = {}, body = '' }: Question,
  timeoutMs: number,
): Promise<Answer> {
  return new Promise((resolve) => {
    const type = body === '' ? {} : { 'content-type': 'application/json' };
    const options = { host: '127.0.0.1', port, method, path, agent, headers: { ...type, ...headers } };
    const asked = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        end({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
      response.on('error', (error) => end({ status: 0, body: error.message }));
    });
    const end = (answer: Answer): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    const timer = setTimeout(() => {
      end({ status: 0, body: 'no answer in time' });
      asked.destroy();
    }, timeoutMs);
    // Which port it was does not matter.
    asked.on('error', ({ message }) => end({ status: 0, body: message.replace(/ 127\.0\.0\.1:\d+/, '') }));
    asked.end(body);
  });
}
