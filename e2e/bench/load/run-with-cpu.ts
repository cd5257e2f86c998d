import { cpuSecondsOf } from '../process-figures.ts';
import type { StartedProxy } from '../proxies/start-proxy.ts';
import type { LoadResult } from './load-result.ts';

/** A closed-loop run, and the CPU time that the proxy's processes spent on a request of it, in microseconds. */
export async function runWithCpu(
  proxy: StartedProxy,
  load: (port: number) => Promise<LoadResult>,
): Promise<LoadResult & { readonly cpuMicroseconds: number }> {
  const before = cpuOf(proxy);
  const result = await load(proxy.port);
  const cpuSeconds = cpuOf(proxy) - before;
  return { ...result, cpuMicroseconds: (cpuSeconds / result.requestCount) * 1e6 };
}

function cpuOf({ pids }: StartedProxy): number {
  return pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
}
