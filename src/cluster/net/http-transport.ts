/**
 * The transport of peer RPC over HTTP, or HTTPS for a server that has a certificate. An address is a host and a port and
 * nothing else: the path is always the same, no redirect is followed, and if ranges are given, a host outside them is never
 * connected to, whatever its name resolves to.
 */
import { lookup } from 'node:dns';
import { Agent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { type BlockList, type LookupFunction, isIP } from 'node:net';
import { boundedText } from '../../runtime/bounded-text.ts';
import type { TlsMaterial } from '../../runtime/tls-material.ts';
import { type Address, isAllowed, parseAddress } from '../address.ts';
import { RpcError, type Transport, UntrustedPeerError } from '../peer-rpc.ts';

/** The only path that peers are asked at. */
export const PEER_PATH = '/peer';

/** The longest request or response. */
export const MAX_MESSAGE_BYTES = 2 ** 20;

const CONNECTIONS = { keepAlive: true, maxSockets: 8 };

export class HttpTransport implements Transport {
  #agent: Agent;
  readonly #lookup: LookupFunction;
  readonly #ranges: BlockList | undefined;

  constructor(ranges: BlockList | undefined, tls?: TlsMaterial) {
    this.#ranges = ranges;
    this.#agent = agentFor(tls);
    this.#lookup = (hostname, options, callback) => {
      lookup(hostname, { ...options, all: true }, (error, found) => {
        const addresses = found ?? [];
        const allowed = addresses.find(({ address }) => isAllowed(ranges, address));
        if (error !== null) callback(error, []);
        else if (allowed === undefined) callback(new RpcError(`${hostname} is outside --peer-ranges`), []);
        else if (options.all) callback(null, [allowed]);
        else callback(null, allowed.address, allowed.family);
      });
    };
  }

  /** Opens connections with this certificate from now on. Requests under way go on. */
  useTls(tls: TlsMaterial): void {
    const idle = Object.values(this.#agent.freeSockets).flatMap((sockets) => sockets ?? []);
    this.#agent = agentFor(tls);
    for (const socket of idle) socket.destroy();
  }

  send(address: Address, text: string, timeoutMs: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const parsed = parseAddress(address);
      if (parsed === undefined) throw new RpcError(`'${address}' is not an address`);
      const { host, port } = parsed;
      if (isIP(host) !== 0 && !isAllowed(this.#ranges, host)) {
        throw new RpcError(`${host} is outside --peer-ranges`);
      }
      const request = this.#agent instanceof TlsAgent ? tlsRequest : plainRequest;
      const asked = request({
        host,
        port,
        method: 'POST',
        path: PEER_PATH,
        agent: this.#agent,
        lookup: this.#lookup,
        headers: { 'content-length': Buffer.byteLength(text) },
        signal: AbortSignal.timeout(timeoutMs),
      });
      // A response that is not HTTP reports nothing else; one that is HTTP says itself how it ends.
      const onClose = (): void => reject(new RpcError('the connection was closed'));
      asked.on('close', onClose);
      asked.on('response', (response) => {
        asked.off('close', onClose);
        boundedText(response, MAX_MESSAGE_BYTES).then((reply) => {
          if (response.statusCode === 200) resolve(reply);
          else reject(new RpcError(`it responds with status ${response.statusCode}`));
        }, reject);
      });
      asked.on('error', (error) => {
        const isLate = error.name === 'AbortError';
        reject(isLate ? new RpcError(`no response within ${timeoutMs} ms`) : (distrust(error) ?? error));
      });
      asked.end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/**
 * Peers find each other at addresses that no certificate can foresee, so a CA that signs only for the cluster is enough. Of
 * the CAs that everybody trusts, the name counts too.
 */
function agentFor(tls: TlsMaterial | undefined): Agent {
  if (tls === undefined) return new Agent(CONNECTIONS);
  if (tls.ca === undefined) return new TlsAgent(CONNECTIONS);
  return new TlsAgent({ ...CONNECTIONS, ca: tls.ca, checkServerIdentity: () => undefined });
}

/** OpenSSL's names of what can be wrong with a certificate. */
const CERTIFICATE_FAULT =
  /^(?:CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|PATH_LENGTH_|INVALID_PURPOSE|ERR_TLS_CERT_)/;

/** The error of a peer that cannot be trusted; undefined for other errors. */
function distrust(error: Error): UntrustedPeerError | undefined {
  const code = 'code' in error ? String(error.code) : '';
  if (CERTIFICATE_FAULT.test(code)) {
    return new UntrustedPeerError(`its certificate is not trusted: ${error.message} (${code})`);
  }
  return code === 'EPROTO' || code.startsWith('ERR_SSL_')
    ? new UntrustedPeerError('it does not speak TLS as this server does')
    : undefined;
}
