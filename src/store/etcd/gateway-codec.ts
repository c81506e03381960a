/**
 * Requests and responses as etcd's JSON gateway has them: bytes in Base64, 64-bit numbers as strings, and members that are
 * zero, false or empty left out. Nothing in a response is trusted.
 */
import { DecodeError, type Fields, decodeJson, list, text } from '../../runtime/decode.ts';
import { isObject } from '../../runtime/json.ts';
import { decodeCesu8, encodeCesu8 } from './cesu8.ts';
import type { Compare, KeyValue, Operation, OperationResult, Status, Txn, TxnResult } from './etcd.ts';

const keyText = (key: string): string => encodeCesu8(key).toString('base64');
const valueText = (value: string): string => Buffer.from(value).toString('base64');

/** The body of a request for a transaction. */
export const txnJson = ({ compare, success, failure }: Txn): object => ({
  compare: compare.map(compareJson),
  success: success.map(operationJson),
  failure: failure.map(operationJson),
});

function compareJson(compare: Compare): object {
  const key = keyText(compare.key);
  if ('isAbsent' in compare) return { key, target: 'CREATE', result: 'EQUAL', create_revision: '0' };
  if ('value' in compare) return { key, target: 'VALUE', result: 'EQUAL', value: valueText(compare.value) };
  if ('modRevision' in compare) {
    return { key, target: 'MOD', result: 'EQUAL', mod_revision: String(compare.modRevision) };
  }
  const range_end = keyText(compare.rangeEnd);
  return { key, range_end, target: 'MOD', result: 'LESS', mod_revision: String(compare.notPutAfter + 1) };
}

function operationJson(operation: Operation): object {
  if ('put' in operation) {
    const { put, value, lease = '0' } = operation;
    return { request_put: { key: keyText(put), value: valueText(value), lease } };
  }
  if ('delete' in operation) return { request_delete_range: { key: keyText(operation.delete) } };
  if ('txn' in operation) return { request_txn: txnJson(operation.txn) };
  const { range, rangeEnd, limit = 0, revision = 0 } = operation;
  return {
    request_range: {
      key: keyText(range),
      ...(rangeEnd === undefined ? {} : { range_end: keyText(rangeEnd) }),
      limit: String(limit),
      revision: String(revision),
    },
  };
}

/** Reads the response to a transaction. Throws a DecodeError. */
export const txnResultFrom = (json: unknown): TxnResult =>
  resultFrom(json, number(members(members(json)['header'])['revision']));

/** The result of a transaction that was done at this revision. What is nested in it has no header of its own. */
function resultFrom(json: unknown, revision: number): TxnResult {
  const { succeeded = false, responses = [] } = members(json);
  return {
    succeeded: succeeded === true,
    revision,
    results: list(responses).map((response) => operationResultFrom(response, revision)),
  };
}

function operationResultFrom(json: unknown, revision: number): OperationResult {
  const { response_range: range, response_txn: txn } = members(json);
  if (txn !== undefined) return { found: [], more: false, txn: resultFrom(txn, revision) };
  if (range === undefined) return { found: [], more: false };
  const { kvs = [], more = false } = members(range);
  return { found: list(kvs).map(keyValueFrom), more: more === true };
}

export function keyValueFrom(json: unknown): KeyValue {
  const { key, value = '', create_revision, mod_revision, version, lease } = members(json);
  return {
    key: decodeCesu8(Buffer.from(text(key), 'base64')),
    value: Buffer.from(text(value), 'base64').toString(),
    createRevision: number(create_revision),
    modRevision: number(mod_revision),
    version: number(version),
    lease: lease === undefined || lease === '0' ? undefined : text(lease),
  };
}

/** What a line of a watch from a revision on says. Throws a DecodeError. */
export function watchEventFrom(
  json: unknown,
  fromRevision: number,
): {
  readonly keys: readonly string[];
  /** The revision up to which everything has been told. */
  readonly revision: number;
  readonly compactRevision: number;
  readonly isCanceled: boolean;
  readonly reason: string;
} {
  const { result = {} } = members(json);
  const {
    header = {},
    events = [],
    created = false,
    canceled = false,
    compact_revision,
    cancel_reason = '',
  } = members(result);
  const pairs = list(events).map((event) => keyValueFrom(members(event)['kv']));
  // The header has the member's revision. That may be ahead of what it has told, when the watch is from the past.
  const present = number(members(header)['revision']);
  const isBehind = created === true && fromRevision > 0;
  return {
    keys: pairs.map(({ key }) => key),
    revision: pairs.at(-1)?.modRevision ?? (isBehind ? Math.min(present, fromRevision - 1) : present),
    compactRevision: number(compact_revision),
    isCanceled: canceled === true,
    reason: text(cancel_reason),
  };
}

/** Reads the response about a member. Throws a DecodeError. */
export function statusFrom(json: unknown, alarmsJson: unknown): Status {
  const { header = {}, version = '', dbSize, leader = '0' } = members(json);
  const { alarms = [] } = members(alarmsJson);
  const { cluster_id: clusterId = '0', member_id: memberId = '0', revision } = members(header);
  return {
    version: text(version),
    revision: number(revision),
    dbBytes: number(dbSize),
    clusterId: text(clusterId),
    memberId: text(memberId),
    leaderId: text(leader),
    alarms: list(alarms).map((alarm) => text(members(alarm)['alarm'] ?? 'NONE')),
  };
}

/** The body of a watch. */
export const watchJson = (key: string, rangeEnd: string, fromRevision: number): object => ({
  create_request: { key: keyText(key), range_end: keyText(rangeEnd), start_revision: String(fromRevision) },
});

/** What went wrong, as a gRPC code and a sentence; code 2, unknown, if the body does not say. */
export function faultFrom(body: string): { code: number; message: string } {
  try {
    const json = members(decodeJson(body));
    const { code, grpc_code, message = '', error = '' } = isObject(json['error']) ? json['error'] : json;
    return { code: number(code ?? grpc_code ?? 2), message: String(message || error) };
  } catch (error) {
    if (error instanceof DecodeError) return { code: 2, message: body.slice(0, 200) };
    throw error;
  }
}

/** The members of an object, whatever they are. */
export function members(json: unknown): Fields {
  if (!isObject(json)) throw new DecodeError('not an object');
  return json;
}

/** A number, which may be written as a string; 0 if it was left out. */
export function number(json: unknown): number {
  const value = json === undefined ? 0 : Number(json);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new DecodeError('not a number that etcd counts with');
}
