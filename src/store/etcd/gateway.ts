/**
 * etcd over its JSON gateway, which every version from 3.4 on has at its client port. Connections are kept.
 */
import { type ClientRequest, Agent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { parseAuthority } from '../../runtime/authority.ts';
import { boundedText } from '../../runtime/bounded-text.ts';
import { DecodeError, decodeJson, text } from '../../runtime/decode.ts';
import { asError } from '../../runtime/error.ts';
import { readLines } from '../../runtime/lines.ts';
import {
  type Endpoint,
  type Etcd,
  EtcdError,
  type EtcdErrorCode,
  type Lease,
  type Status,
  type Txn,
  type TxnResult,
  type Watch,
  type Watching,
} from './etcd.ts';
import {
  faultFrom,
  members,
  number,
  statusFrom,
  txnJson,
  txnResultFrom,
  watchEventFrom,
  watchJson,
} from './gateway-codec.ts';

export interface GatewayOptions {
  /** The CAs that etcd's certificates must be from, in PEM; `null` for plain HTTP, undefined for those Node.js trusts. */
  readonly ca?: string | null | undefined;
  /** Undefined if etcd asks for no authentication. */
  readonly user?: { readonly name: string; readonly password: string } | undefined;
}

/** etcd itself answers with at most its `--max-request-bytes`, and ranges with as much as they find. */
const MAX_RESPONSE_BYTES = 64 * 2 ** 20;
const MAX_CONNECTIONS = 16;

export class Gateway implements Etcd {
  readonly #options: GatewayOptions;
  readonly #agent: Agent;
  #token: string | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { ca = null } = options;
    const connections = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
    this.#agent = ca === null ? new Agent(connections) : new TlsAgent({ ...connections, ca });
  }

  async txn(endpoint: Endpoint, txn: Txn, timeoutMs: number): Promise<TxnResult> {
    return read(txnResultFrom, await this.#ask(endpoint, '/v3/kv/txn', txnJson(txn), timeoutMs));
  }

  async grantLease(endpoint: Endpoint, ttlSeconds: number, timeoutMs: number): Promise<Lease> {
    return read(
      leaseFrom,
      await this.#ask(endpoint, '/v3/lease/grant', { TTL: String(ttlSeconds) }, timeoutMs),
    );
  }

  async keepLeaseAlive(endpoint: Endpoint, id: string, timeoutMs: number): Promise<Lease> {
    const answer = await this.#ask(endpoint, '/v3/lease/keepalive', { ID: id }, timeoutMs);
    return read((json) => leaseFrom(members(json)['result'] ?? { ID: id }), answer);
  }

  async revokeLease(endpoint: Endpoint, id: string, timeoutMs: number): Promise<void> {
    await this.#ask(endpoint, '/v3/lease/revoke', { ID: id }, timeoutMs);
  }

  async status(endpoint: Endpoint, timeoutMs: number): Promise<Status> {
    const status = await this.#ask(endpoint, '/v3/maintenance/status', {}, timeoutMs);
    const alarms = await this.#ask(endpoint, '/v3/maintenance/alarm', { action: 'GET' }, timeoutMs);
    return read((json) => statusFrom(json, alarms), status);
  }

  /**
   * The quota of a member's database, which it tells in its metrics only; undefined if it does not. Never rejects.
   */
  async quotaBytes(endpoint: Endpoint, timeoutMs: number): Promise<number | undefined> {
    const metrics = await this.#exchange(endpoint, 'GET', '/metrics', timeoutMs).catch(() => '');
    const [, bytes] = /^etcd_server_quota_backend_bytes (\S+)$/m.exec(metrics) ?? [];
    return bytes === undefined ? undefined : Number(bytes);
  }

  watch(endpoint: Endpoint, { key, rangeEnd, fromRevision, onChanges, onEnd }: Watch): Watching {
    let isOver = false;
    const end = (error: EtcdError): void => {
      if (isOver) return;
      isOver = true;
      asked.destroy();
      onEnd(error);
    };
    const asked = this.#request(endpoint, 'POST', '/v3/watch');
    asked.on('error', (error) => end(new EtcdError('unreachable', error.message)));
    asked.on('close', () => end(new EtcdError('unreachable', 'the connection was closed')));
    asked.on('response', (response) => {
      const onLine = (line: string): void => {
        if (isOver) return;
        try {
          const event = watchEventFrom(decodeJson(line), fromRevision);
          if (event.isCanceled) {
            end(new EtcdError(event.compactRevision > 0 ? 'compacted' : 'unavailable', event.reason));
          } else onChanges(event.keys, event.revision);
        } catch (error) {
          end(errorFrom(error));
        }
      };
      if (response.statusCode === 200)
        readLines(response, onLine, () => end(new EtcdError('unreachable', 'it ended')));
      else end(new EtcdError('unavailable', `the watch got status ${response.statusCode}`));
    });
    asked.end(JSON.stringify(watchJson(key, rangeEnd, fromRevision)));
    return {
      cancel: () => {
        isOver = true;
        asked.destroy();
      },
    };
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Resolves with the body of the response. Rejects with an EtcdError. */
  async #ask(endpoint: Endpoint, path: string, body: object, timeoutMs: number): Promise<unknown> {
    const { user } = this.#options;
    if (user !== undefined) this.#token ??= await this.#authenticate(endpoint, timeoutMs);
    try {
      return await this.#post(endpoint, path, body, timeoutMs);
    } catch (error) {
      // A token lasts five minutes, and not longer than the member that gave it.
      const isExpired = error instanceof EtcdError && error.code === 'unauthenticated';
      if (user === undefined || !isExpired) throw error;
      this.#token = await this.#authenticate(endpoint, timeoutMs);
      return this.#post(endpoint, path, body, timeoutMs);
    }
  }

  async #authenticate(endpoint: Endpoint, timeoutMs: number): Promise<string> {
    this.#token = undefined;
    const { name = '', password = '' } = this.#options.user ?? {};
    const answer = await this.#post(endpoint, '/v3/auth/authenticate', { name, password }, timeoutMs);
    return read((json) => text(members(json)['token']), answer);
  }

  #request(endpoint: Endpoint, method: 'GET' | 'POST', path: string, signal?: AbortSignal): ClientRequest {
    const { host, port } = parseAuthority(endpoint) ?? { host: endpoint };
    const request = this.#agent instanceof TlsAgent ? tlsRequest : plainRequest;
    return request({
      host,
      port,
      method,
      path,
      agent: this.#agent,
      headers: this.#token === undefined ? {} : { authorization: this.#token },
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async #post(endpoint: Endpoint, path: string, body: object, timeoutMs: number): Promise<unknown> {
    const answer = await this.#exchange(endpoint, 'POST', path, timeoutMs, JSON.stringify(body));
    return read(decodeJson, answer);
  }

  /** Resolves with the body of a response with status 200. Rejects with an EtcdError. */
  #exchange(
    endpoint: Endpoint,
    method: 'GET' | 'POST',
    path: string,
    timeoutMs: number,
    body = '',
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = this.#request(endpoint, method, path, AbortSignal.timeout(timeoutMs));
      asked.on('error', (error) => {
        const isLate = error.name === 'AbortError' || error.name === 'TimeoutError';
        reject(
          isLate
            ? new EtcdError('timeout', `${endpoint} does not answer within ${timeoutMs} ms`)
            : new EtcdError('unreachable', `${endpoint}: ${error.message}`),
        );
      });
      const onClose = (): void =>
        reject(new EtcdError('unreachable', `${endpoint} has closed the connection`));
      asked.on('close', onClose);
      asked.on('response', (response) => {
        asked.off('close', onClose);
        boundedText(response, MAX_RESPONSE_BYTES).then(
          (answer) => {
            if (response.statusCode === 200) resolve(answer);
            else reject(errorOf(response.statusCode ?? 0, answer));
          },
          (error: unknown) => reject(new EtcdError('unreachable', `${endpoint}: ${asError(error).message}`)),
        );
      });
      asked.end(body);
    });
  }
}

const leaseFrom = (json: unknown): Lease => {
  const { ID: id = '0', TTL: ttl } = members(json);
  return { id: text(id), ttlSeconds: number(ttl) };
};

/** Reads an answer. Throws an EtcdError if it is none that etcd gives. */
function read<Input, T>(from: (input: Input) => T, input: Input): T {
  try {
    return from(input);
  } catch (error) {
    throw errorFrom(error);
  }
}

const errorFrom = (error: unknown): EtcdError =>
  error instanceof EtcdError
    ? error
    : new EtcdError(
        'unavailable',
        `this is no answer of etcd: ${error instanceof DecodeError ? error.message : String(error)}`,
      );

function errorOf(status: number, body: string): EtcdError {
  const { code, message } = faultFrom(body);
  return new EtcdError(codeOf(status, code, message), message === '' ? `status ${status}` : message);
}

/** What etcd says with the code for wrong arguments, where there is no user, or another password. */
const NOT_THIS_USER = /user name is empty|authentication failed/;

/** By the codes of gRPC (https://grpc.io/docs/guides/status-codes), and etcd's words where one has several meanings. */
function codeOf(status: number, code: number, message: string): EtcdErrorCode {
  if (status === 401 || code === 16 || code === 7 || NOT_THIS_USER.test(message)) return 'unauthenticated';
  if (message.includes('database space exceeded')) return 'no_space';
  if (message.includes('has been compacted')) return 'compacted';
  if (code === 5) return 'not_found';
  // Whatever is larger than gRPC takes will not become smaller.
  const isLasting = message.includes('message larger than max');
  return isLasting || code === 3 || code === 9 || code === 11 || code === 12 ? 'invalid' : 'unavailable';
}
