/**
 * What the metrics say of a server on etcd.
 */
import { type Figure, labelsText } from '../../server/http/metrics.ts';
import type { EtcdStatistics } from '../../store/etcd/etcd-store.ts';

/** Returns the figures of a server on etcd. */
export const etcdFigures = ({
  slot,
  leaseLeftMs,
  claimsLost,
  answersRecovered,
  waiting,
}: EtcdStatistics): Figure[] => [
  {
    name: 'etcd_slot',
    help: 'The slot that this server holds, as a label; without a sample, it holds none.',
    value: new Map(slot === undefined ? [] : [[labelsText({ slot }), 1]]),
  },
  {
    name: 'etcd_lease_left_seconds',
    help: 'What is left of the lease of its slot.',
    value: leaseLeftMs / 1000,
  },
  {
    name: 'etcd_claims_lost_total',
    type: 'counter',
    help: 'How often this server was fenced: it had to claim a slot anew.',
    value: claimsLost,
  },
  {
    name: 'etcd_answers_recovered_total',
    type: 'counter',
    help: 'Commits that turned out to be done after their answers were lost.',
    value: answersRecovered,
  },
  { name: 'etcd_waiting', help: 'Writes that wait for etcd.', value: waiting },
];
