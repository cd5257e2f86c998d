import { readFileSync } from 'node:fs';
import { findPeer } from '@heddle/shared/testing/peers';
import { findFreePort } from '@heddle/shared/testing/free-port';
import { startProcess, type ManagedProcess } from '@heddle/shared/processes/managed-process';
import { systemClock } from '@heddle/shared/time/clock';
import { runLoad } from './load.ts';
import type { Proxy } from './proxies/proxy.ts';
import { createUpstream } from './proxies/proxies.ts';
import { buildReport, type ScenarioReport } from './report.ts';
import { waitForAnswer } from './wait-for-answer.ts';

const proxyCore = 0;
const loadCore = 1;
const connections = 64;

export interface ScenarioOptions {
  readonly proxies: readonly Proxy[];
  readonly rounds: number;
  readonly seconds: number;
  readonly folder: string;
  /** One line about what is going on. */
  readonly onProgress: (line: string) => void;
}

/**
 * HTTP/1.1 keep-alive, 64 connections, GET, small answer: requests/s of one worker on one core, and the CPU time of the
 * whole process for a request, which a busy neighbour on the machine disturbs less.
 */
export async function runHttp1Small(options: ScenarioOptions): Promise<ScenarioReport[]> {
  const wrk = findPeer('wrk');
  if (wrk === undefined) throw new Error('http1-small needs wrk (apt-get install wrk)');
  const running: ManagedProcess[] = [];

  async function start(proxy: Proxy, core: number, upstreamPort: number): Promise<Target> {
    const port = await findFreePort();
    const command = proxy.prepare(options.folder, { port, upstreamPort, adminPort: await findFreePort() });
    const process = startProcess(
      {
        name: proxy.name,
        command: ['taskset', '-c', String(core), ...command],
        logFile: `${options.folder}/${proxy.name}.log`,
      },
      systemClock,
    );
    running.push(process);
    await waitForAnswer(port, 'bench.test', 20_000);
    return { url: `http://127.0.0.1:${port}/`, pid: process.pid ?? 0 };
  }

  const rates = new Map<string, number[]>();
  const costs = new Map<string, number[]>();
  const push = (results: Map<string, number[]>, name: string, value: number): void => {
    results.set(name, [...(results.get(name) ?? []), value]);
  };
  try {
    const upstream = await start(createUpstream(), loadCore, 0);
    const started = new Map<Proxy, Target>();
    for (const proxy of options.proxies) {
      started.set(proxy, await start(proxy, proxyCore, Number(new URL(upstream.url).port)));
    }
    // One short round each that does not count: pools fill, code is compiled.
    for (const [proxy, target] of started) await measure(wrk, proxy, target, Math.min(2, options.seconds));
    for (let round = 1; round <= options.rounds; round++) {
      for (const [proxy, target] of started) {
        const { rate, cpuMicroseconds } = await measure(wrk, proxy, target, options.seconds);
        push(rates, proxy.name, rate);
        push(costs, proxy.name, cpuMicroseconds);
        options.onProgress(
          `http1-small round ${round} ${proxy.name}: ${Math.round(rate)} requests/s, ${cpuMicroseconds.toFixed(1)} µs of CPU each`,
        );
      }
    }
  } finally {
    await Promise.all(running.map((process) => process.stop(3000)));
  }
  return [
    buildReport({ name: 'http1-small', unit: 'requests/s', better: 'higher' }, rates),
    buildReport({ name: 'http1-small-cpu', unit: 'µs of CPU per request', better: 'lower' }, costs),
  ];
}

interface Target {
  readonly url: string;
  readonly pid: number;
}

async function measure(
  wrk: string,
  proxy: Proxy,
  { url, pid }: Target,
  seconds: number,
): Promise<{ rate: number; cpuMicroseconds: number }> {
  const cpuBefore = cpuSecondsOf(pid);
  const result = await runLoad({ wrk, core: loadCore, url, connections, seconds });
  if (result.errorCount > 0) throw new Error(`${proxy.name}: ${result.errorCount} requests failed`);
  const cpuSeconds = cpuSecondsOf(pid) - cpuBefore;
  return { rate: result.requestsPerSecond, cpuMicroseconds: (cpuSeconds / result.requestCount) * 1e6 };
}

/** User and system time of all threads of a process so far (proc(5), fields 14 and 15, in hundredths of a second). */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
