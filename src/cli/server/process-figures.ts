/**
 * What the metrics say of the process as a whole. The names are those that Prometheus' clients have in all languages.
 */
import { wallClockMs } from '../../runtime/system.ts';
import { type Figure, labelsText } from '../../server/http/metrics.ts';
import { version } from '../version.ts';
import { fileDescriptors } from './file-limit.ts';

const startedSeconds = wallClockMs() / 1000 - process.uptime();

/** Returns the figures as they are now. */
export function processFigures(): Figure[] {
  const { user, system } = process.cpuUsage();
  return [
    {
      name: 'build_info',
      help: 'Always 1; the labels say which program this is.',
      value: new Map([[labelsText({ version, node_version: process.version }), 1]]),
    },
    {
      name: 'process_cpu_seconds_total',
      type: 'counter',
      help: 'User and system CPU time spent.',
      value: (user + system) / 1e6,
    },
    {
      name: 'process_resident_memory_bytes',
      help: 'Resident memory.',
      value: process.memoryUsage.rss(),
    },
    {
      name: 'process_start_time_seconds',
      help: 'Start of the process, in seconds since 1970.',
      value: startedSeconds,
    },
    ...descriptorFigures(),
  ];
}

function descriptorFigures(): Figure[] {
  const descriptors = fileDescriptors();
  if (descriptors === undefined) return [];
  const { open, granted } = descriptors;
  const max = { name: 'process_max_fds', help: 'File descriptors that can be open.', value: granted };
  return [
    { name: 'process_open_fds', help: 'File descriptors that are open.', value: open },
    ...(granted === Infinity ? [] : [max]),
  ];
}
