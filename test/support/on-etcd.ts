/**
 * Starts an etcd for the tests of the HTTP API that run a second time, with servers whose store it is.
 */
import type { TestProject } from 'vitest/node';
import { EtcdProcess } from './etcd-process.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly etcd: string;
  }
}

export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const etcd = await EtcdProcess.start();
  provide('etcd', etcd.endpoint);
  return () => etcd.stop();
}
