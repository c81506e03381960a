/** Fills etcd with entries faster than a store would, since nobody else writes yet. */
import type { Etcd, Operation } from '../../src/store/etcd/etcd.ts';

/** Etcd's default limit is 128. */
const PUTS_PER_TXN = 120;
const TXNS_AT_ONCE = 4;
const TIMEOUT_MS = 30_000;

/** Puts all keys with their values. */
export async function putAll(
  etcd: Etcd,
  endpoints: readonly string[],
  entries: Iterator<[key: string, value: string]>,
): Promise<void> {
  const drive = async (endpoint: string): Promise<void> => {
    for (;;) {
      const puts: Operation[] = [];
      while (puts.length < PUTS_PER_TXN) {
        const { done, value } = entries.next();
        if (done === true) break;
        puts.push({ put: value[0], value: value[1] });
      }
      if (puts.length === 0) return;
      await etcd.txn(endpoint, { compare: [], success: puts, failure: [] }, TIMEOUT_MS);
    }
  };
  await Promise.all(
    Array.from({ length: TXNS_AT_ONCE }, (_, n) => drive(endpoints[n % endpoints.length] ?? '')),
  );
}
