import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Body, type Message, decodeMessage } from '../../src/maelstrom/message.ts';
import type { Service } from '../../src/workbench/nodes/kv-service.ts';

export interface Exit {
  readonly status: number | null;
  readonly stderr: string;
  /** What was still unread, as whole lines. */
  readonly lines: readonly string[];
}

/** The real node as a process, with this test in the place of clients and services. */
export class NodeProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #lines: string[] = [];
  readonly #exit: Promise<number | null>;
  #wake: () => void = () => {};
  #stderr = '';

  constructor(...args: string[]) {
    this.child = spawn('bin/g-counter', args);
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    this.child.stderr.on('data', (text) => (this.#stderr += String(text)));
    this.child.stdin.on('error', () => {});
    this.#exit = new Promise((resolve) => this.child.once('close', resolve));
  }

  /** Sends messages as lines, or a text as it is. */
  send(...messages: (Message | string)[]): void {
    const text = messages.map((message) =>
      typeof message === 'string' ? message : `${JSON.stringify(message)}\n`,
    );
    this.child.stdin.write(text.join(''));
  }

  async nextLine(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async next(): Promise<Message> {
    return messageFrom(await this.nextLine());
  }

  /** The next message to a client, while `service` answers everything that is sent to it; `copies` times each. */
  async nextToClient(service: Service, copies = 1): Promise<Message> {
    for (;;) {
      const message = await this.next();
      if (message.dest !== 'seq-kv') return message;
      const reply = service.handle(message.src, message.body);
      if (reply === undefined) throw new Error(`seq-kv does not understand ${JSON.stringify(message)}`);
      for (let copy = 0; copy < copies; copy++) this.send(replyTo(message, reply));
    }
  }

  /** Ends stdin and waits for the process to end. */
  async end(): Promise<Exit> {
    this.child.stdin.end();
    return this.exit();
  }

  async exit(): Promise<Exit> {
    return { status: await this.#exit, stderr: this.#stderr, lines: this.#lines };
  }
}

export function messageFrom(line: string): Message {
  const message = decodeMessage(line);
  if (message === undefined) throw new Error(`not a message: ${line}`);
  return message;
}

export const replyTo = ({ src, dest, body }: Message, reply: Body): Message => ({
  src: dest,
  dest: src,
  body: { ...reply, in_reply_to: body['msg_id'] },
});

export const toNode = (body: Body): Message => ({ src: 'c1', dest: 'n1', body });

export const init = (nodeId = 'n1', nodeIds: readonly string[] = [nodeId]): Message =>
  toNode({ type: 'init', msg_id: 1, node_id: nodeId, node_ids: nodeIds });

export const add = (msgId: number, delta: unknown): Message => toNode({ type: 'add', msg_id: msgId, delta });
export const read = (msgId: number): Message => toNode({ type: 'read', msg_id: msgId });

/** Feeds everything at once to a node with a store of its own, and answers the lines it wrote. */
export async function converse(...messages: (Message | string)[]): Promise<readonly string[]> {
  const node = new NodeProcess('--store', 'memory');
  node.send(...messages);
  const { status, stderr, lines } = await node.end();
  if (status !== 0 || stderr !== '') throw new Error(`the node exited with ${status}: ${stderr}`);
  return lines;
}

const started: NodeProcess[] = [];

/** Starts a node that lives until `killNodes`. */
export function startNode(...args: string[]): NodeProcess {
  const node = new NodeProcess(...args);
  started.push(node);
  return node;
}

export function killNodes(): void {
  for (const node of started.splice(0)) node.child.kill('SIGKILL');
}

/** The lines with which a node answers client c1. */
export const initOk = '{"src":"n1","dest":"c1","body":{"type":"init_ok","in_reply_to":1}}';
export const addOk = (id: number): string =>
  `{"src":"n1","dest":"c1","body":{"type":"add_ok","in_reply_to":${id}}}`;
export const readOk = (id: number, value: number): string =>
  `{"src":"n1","dest":"c1","body":{"type":"read_ok","value":${value},"in_reply_to":${id}}}`;

/** The code of the error in a line, if it is one. */
export const errorCode = (line: string | undefined): unknown =>
  line === undefined ? undefined : messageFrom(line).body['code'];

/** Which request an error is for, and its code. */
export const told = (line: string): readonly unknown[] => {
  const { body } = messageFrom(line);
  return [body['in_reply_to'], body['code']];
};
