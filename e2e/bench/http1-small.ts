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

/** HTTP/1.1 keep-alive, 64 connections, GET, small answer: requests/s of one worker on one core. */
export async function runHttp1Small(options: ScenarioOptions): Promise<ScenarioReport> {
  const wrk = findPeer('wrk');
  if (wrk === undefined) throw new Error('http1-small needs wrk (apt-get install wrk)');
  const running: ManagedProcess[] = [];

  async function start(proxy: Proxy, core: number, upstreamPort: number): Promise<string> {
    const port = await findFreePort();
    const command = proxy.prepare(options.folder, { port, upstreamPort, adminPort: await findFreePort() });
    running.push(
      startProcess(
        {
          name: proxy.name,
          command: ['taskset', '-c', String(core), ...command],
          logFile: `${options.folder}/${proxy.name}.log`,
        },
        systemClock,
      ),
    );
    await waitForAnswer(port, 'bench.test', 20_000);
    return `http://127.0.0.1:${port}/`;
  }

  const results = new Map<string, number[]>();
  try {
    const upstream = await start(createUpstream(), loadCore, 0);
    const upstreamPort = Number(new URL(upstream).port);
    const urls = new Map<Proxy, string>();
    for (const proxy of options.proxies) urls.set(proxy, await start(proxy, proxyCore, upstreamPort));
    // One short round each that does not count: pools fill, code is compiled.
    for (const [proxy, url] of urls) await measure(wrk, proxy, url, Math.min(2, options.seconds));
    for (let round = 1; round <= options.rounds; round++) {
      for (const [proxy, url] of urls) {
        const rate = await measure(wrk, proxy, url, options.seconds);
        results.set(proxy.name, [...(results.get(proxy.name) ?? []), rate]);
        options.onProgress(`http1-small round ${round} ${proxy.name}: ${Math.round(rate)} requests/s`);
      }
    }
  } finally {
    await Promise.all(running.map((process) => process.stop(3000)));
  }
  return buildReport({ name: 'http1-small', unit: 'requests/s', better: 'higher' }, results);
}

async function measure(wrk: string, proxy: Proxy, url: string, seconds: number): Promise<number> {
  const result = await runLoad({ wrk, core: loadCore, url, connections, seconds });
  if (result.errorCount > 0) throw new Error(`${proxy.name}: ${result.errorCount} requests failed`);
  return result.requestsPerSecond;
}
