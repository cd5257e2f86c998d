import { cpuSecondsOf } from '../process-figures.ts';
import type { StartedProxy } from '../proxies/start-proxy.ts';
import { runLoad, type LoadOptions, type LoadResult } from './wrk.ts';

/** A closed-loop run, and the CPU time that the proxy's process spent on a request of it, in microseconds. */
export async function runLoadWithCpu(
  proxy: StartedProxy,
  load: Omit<LoadOptions, 'port'>,
): Promise<LoadResult & { readonly cpuMicroseconds: number }> {
  const before = cpuSecondsOf(proxy.pid);
  const result = await runLoad({ ...load, port: proxy.port });
  const cpuSeconds = cpuSecondsOf(proxy.pid) - before;
  return { ...result, cpuMicroseconds: (cpuSeconds / result.requestCount) * 1e6 };
}
