/**
 * Turns a line of a server's JSON log into one for people: `warning: the message (counters 3)`.
 */
import { isObject, parseJson } from '../../runtime/json.ts';

/** Fields that would only be noise when several servers are watched at once, or that are shown otherwise. */
const HIDDEN = new Set(['time', 'level', 'message', 'node_id', 'data_dir', 'start_ms', 'pid']);

/** Returns a line that is not such JSON as it is. */
export function readableLogLine(line: string): string {
  const fields = fieldsOf(line);
  if (fields === undefined) return line;
  const details = Object.entries(fields)
    .filter(([name]) => !HIDDEN.has(name))
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${String(value)}`);
  const level = fields['level'] === 'info' ? '' : `${String(fields['level'])}: `;
  return `${level}${String(fields['message'])}${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = parseJson(line);
    return isObject(json) && typeof json['message'] === 'string' ? json : undefined;
  } catch {
    return undefined;
  }
}
