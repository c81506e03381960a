/**
 * What etcd looks at before it does a transaction: whether it is well formed, how large it is, and what it may cost. The
 * words of the errors are etcd's.
 */
import { type Compare, EtcdError, type Operation, type Txn } from '../../store/etcd/etcd.ts';

/** Throws an `invalid` EtcdError unless a transaction has the form that etcd takes. */
export function checkForm(txn: Txn, maxTxnOps: number): void {
  checkOperations(txn, maxTxnOps);
  checkKeys(txn.success);
  checkKeys(txn.failure);
}

export const invalid = (message: string): EtcdError => new EtcdError('invalid', `etcdserver: ${message}`);

function checkOperations({ compare, success, failure }: Txn, maxTxnOps: number): void {
  const most = Math.max(compare.length, success.length, failure.length);
  if (most > maxTxnOps) throw invalid('too many operations in txn request');
  if (compare.some(({ key }) => key === '')) throw invalid('key is not provided');
  for (const operation of [...success, ...failure]) {
    // What is nested has to do with what is left.
    if ('txn' in operation) checkOperations(operation.txn, maxTxnOps - most);
    else if (keyOf(operation) === '') throw invalid('key is not provided');
  }
}

const keyOf = (operation: Exclude<Operation, { txn: Txn }>): string =>
  'put' in operation ? operation.put : 'delete' in operation ? operation.delete : operation.range;

interface Changed {
  readonly puts: Set<string>;
  readonly deletes: Set<string>;
}

/**
 * No key may be put twice, or put and deleted, wherever that can happen at one revision; both branches of a nested
 * transaction may put it. Only a nested deletion after a nested put goes unnoticed.
 */
function checkKeys(operations: readonly Operation[]): Changed {
  const puts = new Set<string>();
  const deletes = new Set(
    operations.flatMap((operation) => ('delete' in operation ? [operation.delete] : [])),
  );
  const add = (key: string, others: ReadonlySet<string> | undefined): void => {
    if ((puts.has(key) && others?.has(key) !== true) || deletes.has(key)) {
      throw invalid('duplicate key given in txn request');
    }
    puts.add(key);
  };
  for (const operation of operations) {
    if (!('txn' in operation)) continue;
    const [success, failure] = [checkKeys(operation.txn.success), checkKeys(operation.txn.failure)];
    for (const key of success.puts) add(key, undefined);
    for (const key of failure.puts) add(key, success.puts);
    for (const key of [...success.deletes, ...failure.deletes]) deletes.add(key);
  }
  for (const operation of operations) if ('put' in operation) add(operation.put, undefined);
  return { puts, deletes };
}

/** Whether a transaction changes nothing, to etcd's eyes: it takes a nested one for a change. */
export const isReadOnly = ({ success, failure }: Txn): boolean =>
  [...success, ...failure].every((operation) => 'range' in operation);

/** How large a transaction is on the wire, about. */
export function bytesOf({ compare, success, failure }: Txn): number {
  let bytes = 0;
  for (const each of compare) bytes += OPERATION_BYTES + bytesOfCompare(each);
  for (const each of success) bytes += OPERATION_BYTES + bytesOfOperation(each);
  for (const each of failure) bytes += OPERATION_BYTES + bytesOfOperation(each);
  return bytes;
}

const OPERATION_BYTES = 12;

const bytesOfCompare = (compare: Compare): number =>
  bytesOfText(compare.key) +
  bytesOfText('value' in compare ? compare.value : 'rangeEnd' in compare ? compare.rangeEnd : '');

function bytesOfOperation(operation: Operation): number {
  if ('txn' in operation) return bytesOf(operation.txn);
  if ('put' in operation) return bytesOfText(operation.put) + bytesOfText(operation.value);
  return 'delete' in operation
    ? bytesOfText(operation.delete)
    : bytesOfText(operation.range) + bytesOfText(operation.rangeEnd ?? '');
}

const bytesOfText = (text: string): number => Buffer.byteLength(text);

/** How much of the quota etcd takes a transaction for: of its puts, and of none that is nested. */
export const costOf = ({ success, failure }: Txn): number =>
  Math.max(costOfOperations(success), costOfOperations(failure));

/** What etcd adds for each put, whatever it really takes. */
const PUT_BYTES = 256;

const costOfOperations = (operations: readonly Operation[]): number =>
  operations.reduce(
    (sum, operation) =>
      'put' in operation ? sum + bytesOfText(operation.put) + bytesOfText(operation.value) + PUT_BYTES : sum,
    0,
  );
