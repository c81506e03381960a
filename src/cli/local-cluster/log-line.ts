/**
 * Turns a line of a JSON log, of a server or of etcd, into one for people: `warning: the message (counters 3)`.
 */
import { isObject, parseJson } from '../../runtime/json.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Fields that would only be noise when several servers are watched at once, or that are shown otherwise. */
const HIDDEN = new Set(
  'time level message node_id data_dir start_ms pid etcd prefix ts msg caller logger stacktrace'.split(' '),
);

/**
 * What gRPC warns of inside etcd 3.4, whatever its level of logging is: that another member does not answer, again and again for
 * as long as it is down.
 */
const GRPC_WARNING = /^WARNING: \S+ \S+ \[core\] grpc: /;

/** Returns a line that is not such JSON as it is, and undefined for one that is not to be shown. */
export function readableLogLine(line: string): string | undefined {
  if (GRPC_WARNING.test(line)) return undefined;
  const fields = fieldsOf(line);
  if (fields === undefined) return line;
  const details = Object.entries(fields)
    .filter(([name]) => !HIDDEN.has(name))
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${String(value)}`);
  const level = fields['level'] === 'info' ? '' : `${String(fields['level'])}: `;
  return `${level}${messageIn(fields)}${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
}

/** Etcd abbreviates it. */
function messageIn(fields: Fields): string | undefined {
  const message = fields['message'] ?? fields['msg'];
  return typeof message === 'string' ? message : undefined;
}

function fieldsOf(line: string): Fields | undefined {
  try {
    const json: unknown = parseJson(line);
    return isObject(json) && messageIn(json) !== undefined ? json : undefined;
  } catch {
    return undefined;
  }
}
