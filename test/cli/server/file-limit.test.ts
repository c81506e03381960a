/** A server that the system grants few open files: connections never take those that the store needs. */
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { startServer, stopServers } from '../../support/server-process.ts';

afterEach(stopServers);

test.each([64, 128])(
  'with %i, idle connections leave enough to count and to start again',
  async (maxOpenFiles) => {
    const server = await startServer({ maxOpenFiles });
    const note = server.notes.find(({ message }) => String(message).includes('limit of open files'));
    expect(note?.['level']).toBe('warning');
    // The connection that is asked over stays open.
    await server.ask('POST', '/counter/incr/k');
    const idle = Array.from({ length: 2 * maxOpenFiles }, () => connect(server.port, '127.0.0.1'));
    let refused = 0;
    for (const socket of idle) {
      socket.on('error', () => {});
      socket.on('close', () => refused++);
    }
    await eventually(() => expect(refused).toBeGreaterThan(maxOpenFiles));
    for (let count = 2; count <= 20; count++) {
      const { status, body } = await server.ask('POST', '/counter/incr/k');
      expect([status, body]).toEqual([200, expect.stringContaining(`"new_value":${count}}`)]);
    }
    for (const socket of idle) socket.destroy();
    await server.kill('SIGTERM');
    const again = await server.restart();
    expect((await again.ask('GET', '/counter/k')).body).toContain('"value":20');
  },
);
