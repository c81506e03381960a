/**
 * The transport of peer RPC over HTTP. An address is a host and a port and nothing else: the path is always the same, no
 * redirect is followed, and if ranges are given, a host outside them is never connected to, whatever its name resolves to.
 */
import { lookup } from 'node:dns';
import { Agent, request } from 'node:http';
import { type BlockList, type LookupFunction, isIP } from 'node:net';
import { type Address, isAllowed, parseAddress } from '../address.ts';
import { RpcError, type Transport } from '../peer-rpc.ts';

/** The only path that peers are asked at. */
export const PEER_PATH = '/peer';

/** The longest request or response. */
export const MAX_MESSAGE_BYTES = 2 ** 20;

export class HttpTransport implements Transport {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });
  readonly #lookup: LookupFunction;
  readonly #ranges: BlockList | undefined;

  constructor(ranges: BlockList | undefined) {
    this.#ranges = ranges;
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

  send(address: Address, text: string, timeoutMs: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const parsed = parseAddress(address);
      if (parsed === undefined) throw new RpcError(`'${address}' is not an address`);
      const { host, port } = parsed;
      if (isIP(host) !== 0 && !isAllowed(this.#ranges, host)) {
        throw new RpcError(`${host} is outside --peer-ranges`);
      }
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
      asked.on('response', (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > MAX_MESSAGE_BYTES) asked.destroy(new RpcError('its response is too long'));
        });
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString());
          else reject(new RpcError(`it responds with status ${response.statusCode}`));
        });
      });
      asked.on('error', (error) =>
        reject(error.name === 'AbortError' ? new RpcError(`no response within ${timeoutMs} ms`) : error),
      );
      // A response that is not HTTP reports nothing else.
      asked.on('close', () => reject(new RpcError('the connection was closed')));
      asked.end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
