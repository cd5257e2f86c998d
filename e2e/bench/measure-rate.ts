import { alternate } from './alternate.ts';
import type { LoadResult } from './load/load-result.ts';
import { runWithCpu } from './load/run-with-cpu.ts';
import { writeCertificates } from './proxies/certificate-files.ts';
import { http1, isClearText, type Protocols, type Proxy } from './proxies/proxy.ts';
import { createProxies, startProxy, type StartedProxy } from './proxies/start-proxy.ts';
import type { ScenarioReport } from './report.ts';
import type { BenchOptions } from './scenario.ts';
import type { Stage } from './stage.ts';

/** A closed loop through each proxy in turn. */
export interface RateMeasurement {
  /** Of the first report; the second is about CPU time and ends in `-cpu`. */
  readonly name: string;
  readonly upstreamPort: number;
  /** HTTP/1.1 on both sides unless given. */
  readonly protocols?: Protocols;
  /** Beside Heddle and its peers. */
  readonly others?: readonly Proxy[];
  /** One run. Throws when a request failed. */
  readonly load: (port: number, seconds: number) => Promise<LoadResult>;
  /** Called for each proxy before anything is measured. Throws when it does not do what is measured. */
  readonly check?: (port: number) => Promise<void>;
  /** With bodies of a mebibyte in this many directions bytes are counted, not requests. */
  readonly mebibytesPerRequest?: number;
  /** What one of {@link load}'s requests is, where it is something else: `handshake`. */
  readonly of?: string;
  /** Instead of starting the proxy alone. */
  readonly start?: (proxy: Proxy) => Promise<StartedProxy>;
}

const warmupSeconds = 2;

/**
 * What goes through one worker on one core, and the CPU time of the whole process for it: where the load core is the
 * slower one, or a neighbour on the machine is busy, only that tells proxies apart.
 */
export async function measureRate(
  measurement: RateMeasurement,
  stage: Stage,
  options: BenchOptions,
): Promise<ScenarioReport[]> {
  const {
    name,
    upstreamPort,
    protocols = http1,
    others = [],
    load,
    check,
    mebibytesPerRequest,
    of = 'request',
    start = (proxy: Proxy) => startProxy(stage, options.folder, proxy, { upstreamPort, protocols }),
  } = measurement;
  if (!isClearText(protocols)) writeCertificates(options.folder);
  const started: StartedProxy[] = [];
  for (const proxy of [...createProxies(options, protocols), ...others]) {
    const each = await start(proxy);
    await check?.(each.port);
    started.push(each);
  }
  // A short round that does not count: pools fill, code is compiled.
  for (const proxy of started) await load(proxy.port, warmupSeconds);
  const [unit, cpuUnit] =
    mebibytesPerRequest === undefined ? [`${of}s/s`, `µs of CPU per ${of}`] : ['MiB/s', 'µs of CPU per MiB'];
  const amount = mebibytesPerRequest ?? 1;
  return await alternate(
    [
      { name, unit, better: 'higher' },
      { name: `${name}-cpu`, unit: cpuUnit, better: 'lower' },
    ],
    started,
    options,
    async (proxy) => {
      const run = await runWithCpu(proxy, (port) => load(port, options.seconds));
      return [run.requestsPerSecond * amount, run.cpuMicroseconds / amount];
    },
  );
}
