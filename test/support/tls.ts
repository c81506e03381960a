/** Certificates for tests, and requests over TLS. */
import { copyFileSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { type ServerProcess, temporaryDirectory } from './server-process.ts';

/** A file in test/fixtures/tls. */
export const tlsFixture = (name: string): string => join('test/fixtures/tls', name);

export interface TlsResponse {
  readonly status: number;
  readonly body: string;
  /** Whom the server's certificate is for. */
  readonly subject: string;
}

/** A client that trusts a CA. It resumes no TLS sessions, in which no certificate is shown. */
export class TlsClient {
  readonly #agent: Agent;

  constructor(ca = 'ca.pem', keepAlive = true) {
    this.#agent = new Agent({ ca: readFileSync(tlsFixture(ca)), keepAlive, maxCachedSessions: 0 });
  }

  ask({ port }: Pick<ServerProcess, 'port'>, method: string, path: string): Promise<TlsResponse> {
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: 'localhost', family: 4, port, method, path, agent: this.#agent },
        (response) => {
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an https request has no other socket
          const { subject } = (response.socket as TLSSocket).getPeerCertificate();
          let body = '';
          response.setEncoding('utf8').on('data', (text: string) => (body += text));
          response.on('error', reject);
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body, subject: String(subject.CN) }),
          );
        },
      );
      asked.on('error', reject);
      asked.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The certificate files of one server, which can be exchanged while it runs. */
export class Certificate {
  readonly args: readonly string[];
  readonly #directory = temporaryDirectory();

  constructor(name: string, ca = 'ca.pem') {
    const [cert, key, trusted] = ['cert.pem', 'key.pem', 'ca.pem'].map((file) => join(this.#directory, file));
    this.use(name, ca);
    this.args = ['--tls-cert', cert ?? '', '--tls-key', key ?? '', '--tls-ca', trusted ?? ''];
  }

  /** Puts other files in the place of those that there are. */
  use(name: string, ca = 'ca.pem'): void {
    this.useFiles(`${name}.pem`, `${name}.key`, ca);
  }

  useFiles(cert: string, key: string, ca = 'ca.pem'): void {
    copyFileSync(tlsFixture(cert), join(this.#directory, 'cert.pem'));
    copyFileSync(tlsFixture(key), join(this.#directory, 'key.pem'));
    copyFileSync(tlsFixture(ca), join(this.#directory, 'ca.pem'));
  }
}
