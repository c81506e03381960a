/** In each worker of the tests on etcd: tells server-process.ts where it is. */
import { inject } from 'vitest';

process.env['ETCD'] = inject('etcd');
