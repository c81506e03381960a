/** What the local launchers show of the logs of their processes. */
import { expect, test } from 'vitest';
import { readableLogLine } from '../../../src/cli/local-cluster/log-line.ts';

test.each([
  ['{"level":"info","message":"serving","counters":3}', 'serving (counters 3)'],
  ['{"level":"warning","message":"slow","data_dir":"data"}', 'warning: slow'],
  ['{"level":"error","msg":"no disk","caller":"etcd"}', 'error: no disk'],
  ['not JSON', 'not JSON'],
  ['WARNING: no disk', 'WARNING: no disk'],
])('%s is shown as %s', (line, shown) => {
  expect(readableLogLine(line)).toBe(shown);
});

test('that gRPC in etcd cannot reach another member is not shown: it would be, as long as that is down', () => {
  const line =
    'WARNING: 2026/12/01 07:04:15 [core] grpc: addrConn.createTransport failed to connect to {127.0.0.1:25497 ' +
    '127.0.0.1:25497 <nil> 0 <nil>}. Err: connection error: desc = "transport: Error while dialing dial tcp ' +
    '127.0.0.1:25497: operation was canceled". Reconnecting...';
  expect(readableLogLine(line)).toBeUndefined();
});
