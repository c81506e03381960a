/** In which situation the server gives each response of the OpenAPI document: for each error code, one. */
import { networkInterfaces } from 'node:os';
import { storeErrors } from '../../../../src/server/http/openapi/store-errors.ts';
import { Tokens } from '../../../../src/server/http/tokens.ts';
import type { ServerOptions, Timeouts } from '../../../../src/server/http/server.ts';
import { ApiError, type ErrorCode } from '../../../../src/store/api-error.ts';
import type { Store, StoreLimits } from '../../../../src/store/store.ts';
import { memoryStore } from '../../../support/memory-store.ts';
import { SimCluster, type SimServer } from '../../../support/sim-cluster.ts';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** A server in a cluster in virtual time. */
export interface TestedCluster {
  readonly sim: SimCluster;
  readonly one: SimServer;
}

/** A server, and what it is asked. */
export interface Situation {
  readonly host?: string;
  readonly timeouts?: Partial<Timeouts>;
  readonly options?: Partial<ServerOptions>;
  /** Undefined while the server is starting. */
  readonly store?: Store | undefined;
  /** Makes the cluster, for requests about it; undefined for a server that has no peers. */
  readonly cluster?: () => Promise<TestedCluster>;
  /** What was asked before. */
  readonly earlier?: Request;
  /** What is asked, made of a request that is in order; or the bytes. */
  readonly change?: (request: Request) => Request | string;
}

const LIMITS: StoreLimits = {
  maxCounters: 10,
  maxNodes: 10,
  windowMs: 60_000,
  maxIdempotencyRecords: 10,
};

const usualStore = (limits: Partial<StoreLimits> = {}): Store => ({
  ...memoryStore({ ...LIMITS, ...limits }, () => 0),
  async *backup() {
    yield Buffer.from('a backup');
  },
  slots: async () => [{ slot: 'node-1', heldBy: '192.0.2.1:8080', isRetired: false }],
});

/** A store whose methods reject with a code, those of them that may. */
function refusingStore(code: ErrorCode): Store {
  const refuse = (): Promise<never> => Promise.reject(new ApiError(code, `this is refused: ${code}`));
  const refusing: Partial<Pick<Store, keyof typeof storeErrors>> = Object.fromEntries(
    Object.entries(storeErrors)
      .filter(([, codes]) => codes.some((each) => each === code))
      .map(([method]) => [method, refuse]),
  );
  return { ...usualStore(), ...refusing };
}

/** The address in the examples of the document. */
const PEER = { host: '192.0.2.2', port: 8080 };

/** A server with one peer. */
async function clusterOfTwo(): Promise<TestedCluster> {
  const { sim, one } = await clusterOfOne();
  one.cluster.addConfiguredPeer(sim.start(PEER).address);
  await sim.pass(10_000);
  return { sim, one };
}

async function clusterOfOne(): Promise<TestedCluster> {
  const sim = new SimCluster();
  return { sim, one: sim.start({ maxPeers: 1 }) };
}

const [elsewhere] = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .filter(({ family, internal }) => family === 'IPv4' && !internal)
  .map(({ address }) => address);

const access = {
  tokens: undefined,
  isInsecure: false,
  allowedOrigins: [],
  allowedHosts: [],
  host: '127.0.0.1',
};

function guarded(): Situation {
  const tokens = new Tokens('the-token');
  tokens.restrict([{ token: 'a-restricted-token', prefix: 'other/' }]);
  return { store: usualStore(), options: { access: { ...access, tokens } } };
}

type Change = NonNullable<Situation['change']>;

const withBody =
  (body: string): Change =>
  (request) => ({ ...request, body });
const withHeaders =
  (headers: Readonly<Record<string, string>>): Change =>
  (request) => ({ ...request, headers: { ...request.headers, ...headers } });
const withQuery =
  (query: string): Change =>
  (request) => ({ ...request, path: `${request.path.replace(/\?.*/, '')}?${query}` });

/** The situation in which the server accepts what is asked, and what is asked instead. */
const usual = (change: Change): Situation => ({ ...accepting(), change });

export const accepting = (): Situation => ({ store: usualStore(), cluster: clusterOfTwo });

/** The same, where the value alone is asked for. */
export const acceptingText = (): Situation => usual(withHeaders({ accept: 'text/plain' }));

/** Those of responses that are no errors, where not every server gives them. */
export const acceptingIn: ReadonlyMap<string, () => Situation> = new Map([
  ['POST /counter/incr/{key} 303', () => usual(withHeaders({ accept: 'text/html' }))],
  ['POST /increment 303', () => usual(withHeaders({ accept: 'text/html' }))],
  ['GET /badge/{key}.svg 304', () => usual(withHeaders({ 'if-none-match': '*' }))],
  ['POST /register 202', (): Situation => ({ store: usualStore(), cluster: clusterOfOne })],
  ['GET /health 503', (): Situation => ({})],
]);

const refusing = (code: ErrorCode) => (): Situation => ({ store: refusingStore(code) });

const earlierIncrement: Request = {
  method: 'POST',
  path: '/counter/incr/other',
  headers: { 'idempotency-key': 'order-17' },
  body: undefined,
};

/** Undefined for the errors of `/peer` alone, which the document does not have. */
export const situations: Readonly<Record<ErrorCode, (() => Situation) | undefined>> = {
  bad_request: () => usual(withHeaders({ host: 'a b' })),
  body_too_large: () => ({
    ...usual(withBody(' '.repeat(70_000))),
    options: { maxNodes: 1 },
  }),
  expectation_failed: () => usual(withHeaders({ expect: 'the-impossible' })),
  forbidden: () => ({
    ...guarded(),
    change: withHeaders({ authorization: 'Bearer a-restricted-token' }),
  }),
  foreign_origin: () => usual(withHeaders({ origin: 'https://evil.example' })),
  head_too_large: () => usual(withHeaders({ 'x-long': 'x'.repeat(20_000) })),
  idempotency_key_reused: () => ({
    store: usualStore(),
    earlier: earlierIncrement,
    change: withHeaders({ 'idempotency-key': 'order-17' }),
  }),
  internal: () => ({
    store: { ...usualStore(), read: () => Promise.reject(new TypeError('a mistake')) },
  }),
  invalid_amount: () =>
    usual((request) => ({
      ...request,
      body: request.path === '/counters/incr' ? '{"increments":[{"key":"k","amount":0}]}' : '{"amount":0}',
    })),
  invalid_body: () => usual(withBody('[]')),
  invalid_count: () => usual(withBody('{"count":-1}')),
  invalid_cursor: () => usual(withQuery('cursor=%21')),
  invalid_floor: () => usual(withBody('{"nodes":{},"floor":-1}')),
  invalid_id: () => usual(withBody('{"id":"nowhere"}')),
  invalid_idempotency_key: () => usual(withHeaders({ 'idempotency-key': '' })),
  invalid_increments: () => usual(withBody('{"increments":[]}')),
  invalid_json: () => usual(withBody('{')),
  invalid_key: () =>
    usual((request) =>
      request.path === '/counters/incr'
        ? { ...request, body: '{"increments":[{"key":""}]}' }
        : { ...request, path: request.path.replace(/[^/]*?(\.svg.*)?$/, '$1') },
    ),
  invalid_label: () => usual(withQuery('label=%00')),
  invalid_limit: () => usual(withQuery('limit=0')),
  invalid_nodes: () => usual(withBody('{"nodes":5}')),
  invalid_order: () => usual(withQuery('order=size')),
  invalid_prefix: () => usual(withQuery('prefix=%00&counters=%00')),
  method_not_allowed: () => usual((request) => ({ ...request, method: 'DELETE' })),
  no_peer: undefined,
  no_space: refusing('no_space'),
  // Its own address.
  not_a_peer: () => usual(withBody('{"id":"10.0.0.1:7000"}')),
  not_found: () => usual((request) => ({ ...request, path: '/nothing' })),
  not_json: () => usual(withHeaders({ 'content-type': 'application/xml' })),
  not_local: () =>
    elsewhere === undefined
      ? accepting()
      : { ...accepting(), host: elsewhere, options: { access: { ...access, host: elsewhere } } },
  not_supported: () => ({ store: memoryStore(LIMITS, () => 0) }),
  overflow: refusing('overflow'),
  read_only: refusing('read_only'),
  starting: () => ({ store: undefined }),
  timeout: () => ({
    store: usualStore(),
    timeouts: { headMs: 50 },
    change: ({ method, path }) => `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n`,
  }),
  too_many_at_once: refusing('too_many_at_once'),
  too_many_counters: refusing('too_many_counters'),
  too_many_idempotency_keys: () => ({
    store: usualStore({ maxIdempotencyRecords: 1 }),
    earlier: earlierIncrement,
    change: withHeaders({ 'idempotency-key': 'order-18' }),
  }),
  too_many_nodes: refusing('too_many_nodes'),
  too_many_peers: () => ({
    store: usualStore(),
    cluster: async () => {
      const { sim, one } = await clusterOfOne();
      // Addresses that an operator has named are kept, so that the table of members becomes full.
      for (let n = 1; n < 100; n++) one.cluster.addConfiguredPeer(`10.1.1.${n}:7000`);
      return { sim, one };
    },
  }),
  too_many_requests: () => ({
    store: refusingStore('too_many_requests'),
    // Of lists, those in the order of values are bounded.
    change: (request) =>
      request.path.startsWith('/counters?') ? { ...request, path: '/counters?order=value' } : request,
  }),
  too_many_watchers: () => ({ ...accepting(), options: { maxWatchers: 0 } }),
  unauthorized: guarded,
  unavailable: refusing('unavailable'),
  unknown_host: () => usual(withHeaders({ host: 'evil.example' })),
  unknown_outcome: () => ({
    store: refusingStore('unknown_outcome'),
    cluster: async () => {
      const { sim, one } = await clusterOfTwo();
      one.beforeSaving = () => Promise.reject(new Error('EIO'));
      return { sim, one };
    },
  }),
  unknown_peer: () => ({ store: usualStore(), cluster: clusterOfOne }),
  unsupported_encoding: () => usual(withHeaders({ 'content-encoding': 'gzip' })),
  unsupported_transfer: () =>
    usual(({ method, path, body = '' }) => {
      const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
      return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\n\r\n${chunk}`;
    }),
  unsupported_version: () =>
    usual(({ method, path }) => `${method} ${path} HTTP/2.0\r\nHost: localhost\r\n\r\n`),
};

/** Whether another machine could ask: this one has an address that is no loopback address. */
export const isReachable = elsewhere !== undefined;
