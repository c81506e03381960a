/**
 * What the make targets show about three servers that run, each by requests that a reader can repeat with curl. A check
 * returns what it has shown, and throws a Failure where that is not so. It leaves the cluster as it was, but for counts.
 */
import { type Client, type Server, memberOf, numberOf, textsOf, until } from './client.ts';
import type { Deployment, Running } from './deployment.ts';
import { Failure } from './failure.ts';
import type { Narrator } from './narrator.ts';

export interface Context {
  readonly deployment: Deployment;
  readonly client: Client;
  readonly narrator: Narrator;
}

export interface Check {
  /** What it shows, for its first line and for the help. */
  readonly summary: string;
  /** Returns what has been shown. */
  readonly run: (context: Context) => Promise<string>;
}

const idsOf = (servers: readonly Server[]): string => servers.map(({ id }) => id).join(', ');

/** Resolves when each server that has been started answers that it accepts increments. */
export async function allHealthy({ deployment, client, narrator }: Context): Promise<void> {
  for (const server of deployment.servers) {
    await until(`${server.id} is healthy`, async (instead) => {
      const answer = await client.tryToAsk(server, 'GET', '/health');
      if (answer === undefined && !deployment.isStarted) {
        for (const line of deployment.lastWords()) narrator.step(line);
        throw new Failure('the servers have ended');
      }
      instead(answer?.text ?? `no answer at ${server.url}; \`make logs\` may say why`);
      return answer?.isOk ? true : undefined;
    });
  }
}

/** Resolves when each of `servers` lists the others of them, and none of `missing`. */
export async function knowEachOther(
  { client }: Context,
  servers: readonly Server[],
  missing: readonly Server[] = [],
): Promise<void> {
  for (const server of servers) {
    const others = servers.filter((other) => other !== server);
    const without = missing.length === 0 ? '' : ` and not ${idsOf(missing)}`;
    await until(`${server.id} lists ${idsOf(others) || 'nobody'}${without}`, async (instead) => {
      const answer = await client.tryToAsk(server, 'GET', '/peers');
      instead(answer?.text ?? 'no answer');
      if (!answer?.isOk) return undefined;
      const peers = textsOf(answer.json);
      const isSo =
        others.every(({ address }) => peers.includes(address)) &&
        !missing.some(({ address }) => peers.includes(address));
      return isSo ? true : undefined;
    });
  }
}

/** Resolves when each server has this value of a counter, and shows that. */
async function allHave(
  { client }: Context,
  servers: readonly Server[],
  path: string,
  member: string,
  expected: number,
): Promise<void> {
  for (const server of servers) {
    await until(`${server.id} has ${expected} at ${path}`, async (instead) => {
      const answer = await client.tryToAsk(server, 'GET', path);
      instead(answer?.text ?? 'no answer');
      if (!answer?.isOk) return undefined;
      const value = numberOf(answer.json, member);
      if (value > expected)
        throw new Failure(`${server.id} has ${value}, not ${expected}: does somebody else count?`);
      return value === expected ? true : undefined;
    });
  }
  for (const server of servers) await client.get(server, path);
}

const countsAre = (context: Context, expected: number, servers = context.deployment.servers): Promise<void> =>
  allHave(context, servers, '/count', 'count', expected);

/** Resolves with the value of a counter once it is the same on all servers. */
async function commonValue({ deployment, client }: Context, path: string, member: string): Promise<number> {
  return until(`all servers have the same ${path}`, async (instead) => {
    const values: number[] = [];
    for (const server of deployment.servers) {
      const answer = await client.tryToAsk(server, 'GET', path);
      if (!answer?.isOk) throw new Failure(`${server.id} says ${answer?.text ?? 'nothing'} to GET ${path}`);
      values.push(numberOf(answer.json, member));
    }
    instead(`they have ${values.join(', ')}`);
    return values.every((value) => value === values[0]) ? values[0] : undefined;
  });
}

const commonCount = (context: Context): Promise<number> => commonValue(context, '/count', 'count');

/** The servers, each and all. */
function serversOf({ deployment: { servers } }: Context) {
  const [first, second, third] = servers;
  if (first === undefined || second === undefined || third === undefined)
    throw new Error('there are three servers');
  return { first, second, third, servers };
}

const health: Check = {
  summary: 'every server answers, and accepts increments',
  async run({ deployment, client }) {
    for (const server of deployment.servers) await client.get(server, '/health');
    return `${idsOf(deployment.servers)} are healthy`;
  },
};

const allPeers: Check = {
  summary: 'every server lists the two others as its peers',
  async run(context) {
    const { servers } = serversOf(context);
    await knowEachOther(context, servers);
    for (const server of servers) await context.client.get(server, '/peers');
    return 'each lists the two others';
  },
};

const increment: Check = {
  summary: 'an increment on one server shows on all',
  async run(context) {
    const { first, servers } = serversOf(context);
    const before = await commonCount(context);
    context.narrator.step(`all have ${before}; counting on ${first.id} alone:`);
    for (const amount of [1, 1, 40]) await context.client.post(first, '/increment', { amount });
    await countsAre(context, before + 42, servers);
    return `${before} + 1 + 1 + 40 = ${before + 42}, on all three`;
  },
};

const count: Check = {
  summary: 'every server has the same count',
  async run(context) {
    const { servers } = serversOf(context);
    const common = await commonCount(context);
    await countsAre(context, common, servers);
    return `${common} on all three`;
  },
};

const discovery: Check = {
  summary: 'a new server is found by all, without configuration',
  async run(context) {
    const { client, narrator, deployment } = context;
    const { first, servers } = serversOf(context);
    const common = await commonCount(context);
    narrator.step('starting node-4, which has no counters and knows no address:');
    const running = await deployment.startFurther({ id: 'node-4', offset: 3, isFinding: true });
    await stoppedAfter(running, async ({ server }) => {
      await knowEachOther(context, [...servers, server]);
      for (const each of [server, first]) await client.get(each, '/peers');
      await showDiscovered(context, first, server);
      await allHave(context, [server], '/count', 'count', common);
      narrator.step('stopping node-4 again:');
    });
    await knowEachOther(context, servers, [running.server]);
    await client.get(first, '/peers');
    return 'all found node-4, it has their count, and all noticed that it had gone';
  },
};

/** Shows what a server knows of another that it has found. */
async function showDiscovered({ client, narrator }: Context, by: Server, found: Server): Promise<void> {
  const answer = await client.tryToAsk(by, 'GET', '/discovery');
  const members = memberOf(answer?.json, 'contacts');
  const known = Array.isArray(members)
    ? members.find((each) => memberOf(each, 'id') === found.address)
    : undefined;
  if (known === undefined) throw new Failure(`${by.id} does not know ${found.address}: ${answer?.text}`);
  narrator.exchange(by.id, `GET /discovery, of ${found.id}`, JSON.stringify(known));
}

const removeExistingPeer: Check = {
  summary: 'a removed peer stays out until registered again',
  async run(context) {
    const { client, narrator } = context;
    const { first, second, third, servers } = serversOf(context);
    // Not the shared counter: test-sync may have set its lower bound, which two servers that are apart both raise.
    const key = 'test-remove-existing-peer';
    const [path, add] = [`/counter/${key}`, `/counter/incr/${key}`];
    const values = (expected: number, at: readonly Server[]): Promise<void> =>
      allHave(context, at, path, 'value', expected);
    await knowEachOther(context, servers);
    const before = await commonValue(context, path, 'value');
    try {
      narrator.step(`removing ${third.id} by a request to ${first.id}:`);
      await client.post(first, '/remove-peer', { id: third.address });
      await knowEachOther(context, [first, second], [third]);
      await knowEachOther(context, [third], [first, second]);
      for (const server of servers) await client.get(server, '/peers');
      narrator.step('each side counts for itself:');
      await client.post(first, add, { amount: 1 });
      await client.post(third, add, { amount: 10 });
      await values(before + 1, [first, second]);
      await values(before + 10, [third]);
    } finally {
      narrator.step(`registering ${third.id} again, at ${second.id}:`);
      await client.ask(second, 'POST', '/register', { id: third.address });
    }
    await knowEachOther(context, servers);
    await values(before + 11, servers);
    return `${third.id} was out and is back, and ${before} + 1 + 10 = ${before + 11} on all three`;
  },
};

const peers: Check = {
  summary: 'registering makes a peer of a server nobody knows',
  async run(context) {
    const { client, narrator, deployment } = context;
    const { first, servers } = serversOf(context);
    const common = await commonCount(context);
    narrator.step('starting node-5, which sends no beacons and knows no address:');
    const running = await deployment.startFurther({ id: 'node-5', offset: 4, isFinding: false });
    await stoppedAfter(running, async ({ server }) => {
      // Whoever has met it at an earlier time looks for it; a removal ends that.
      const removal = await client.ask(first, 'POST', '/remove-peer', { id: server.address });
      if (!removal.isOk && removal.code !== 'unknown_peer') throw new Failure('node-5 cannot be removed');
      await until(
        'node-5 serves',
        async () => (await client.tryToAsk(server, 'GET', '/health'))?.isOk || undefined,
      );
      await knowEachOther(context, servers, [server]);
      await knowEachOther(context, [server], servers);
      await client.get(server, '/peers');
      narrator.step(`registering it at ${first.id}, which tells the others:`);
      const registered = await client.post(first, '/register', { id: server.address });
      if (memberOf(registered, 'id') !== server.address)
        throw new Failure('the answer is about another server');
      await knowEachOther(context, [...servers, server]);
      for (const each of [...servers, server]) await client.get(each, '/peers');
      await allHave(context, [server], '/count', 'count', common);
      narrator.step('stopping node-5 again:');
    });
    await knowEachOther(context, servers, [running.server]);
    return 'nobody knew node-5 before it was registered, and everybody did then';
  },
};

const sync: Check = {
  summary: 'a count is raised where it is lower, never lowered',
  async run(context) {
    const { client, narrator } = context;
    const { first, second, third, servers } = serversOf(context);
    const before = await commonCount(context);
    narrator.step(`all have ${before}; a higher count is taken over by all:`);
    await client.post(second, '/sync', { count: before + 10 });
    await countsAre(context, before + 10, servers);
    narrator.step('a lower one changes nothing:');
    const answer = await client.post(third, '/sync', { count: before });
    if (numberOf(answer, 'count') !== before + 10) throw new Failure('the lower count was taken over');
    await client.post(first, '/increment', { amount: 1 });
    await countsAre(context, before + 11, servers);
    return `${before} was raised to ${before + 10}, and counting went on from there`;
  },
};

/** Stops a further server, whatever happens before. */
async function stoppedAfter(running: Running, body: (running: Running) => Promise<void>): Promise<void> {
  try {
    await body(running);
  } finally {
    await running.stop();
  }
}

/** By the names of their targets, in the order of `test-full`. */
export const checks: ReadonlyMap<string, Check> = new Map([
  ['test-health', health],
  ['test-all-peers', allPeers],
  ['test-increment', increment],
  ['test-count', count],
  ['test-discovery', discovery],
  ['test-remove-existing-peer', removeExistingPeer],
  ['test-peers', peers],
  ['test-sync', sync],
]);
