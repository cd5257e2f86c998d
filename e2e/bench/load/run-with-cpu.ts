import { cpuSecondsOf } from '../process-figures.ts';
import type { StartedProxy } from '../proxies/start-proxy.ts';
import type { LoadResult } from './load-result.ts';

/** A closed-loop run, and the CPU time that the proxy's process spent on a request of it, in microseconds. */
export async function runWithCpu(
  proxy: StartedProxy,
  load: (port: number) => Promise<LoadResult>,
): Promise<LoadResult & { readonly cpuMicroseconds: number }> {
  const before = cpuSecondsOf(proxy.pid);
  const result = await load(proxy.port);
  const cpuSeconds = cpuSecondsOf(proxy.pid) - before;
  return { ...result, cpuMicroseconds: (cpuSeconds / result.requestCount) * 1e6 };
}
