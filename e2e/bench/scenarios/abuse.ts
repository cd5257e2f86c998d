import path from 'node:path';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import type { Attack } from '../../abuse/attack.ts';
import { attacks } from '../../abuse/attacks.ts';
import { alternate } from '../alternate.ts';
import { startHelper, type Helper } from '../helper-process.ts';
import type { AttackerQuestion } from '../load/attacker.ts';
import type { LatencyQuantiles } from '../load/latency-quantiles.ts';
import type { OpenLoopQuestion } from '../load/open-loop-generator.ts';
import { startSmallUpstream } from '../load/small-upstream.ts';
import { waitForAnswer } from '../load/wait-for-answer.ts';
import { mebibyte } from '../measure-memory.ts';
import { residentBytesOf } from '../process-figures.ts';
import { benchHost, type Protocols } from '../proxies/proxy.ts';
import { createProxies, startProxy } from '../proxies/start-proxy.ts';
import type { Scenario } from '../scenario.ts';
import { createStage, loadCore, openFileLimit } from '../stage.ts';

/** What the well-behaved clients ask for: little, so that latency is what the attack makes of it. */
const requestsPerSecond = 200;
const connections = 16;
const warmupSeconds = 1;
const sampleMs = 50;
const protocols: Protocols = { downstream: 'auto', upstream: 'http1' };
const loadFolder = path.resolve(import.meta.dirname, '../load');

/** Each attack as a scenario: what the proxy's memory grows by, and what becomes of the others' requests. */
export const abuse: readonly Scenario[] = [undefined, ...attacks].map((attack) => ({
  name: `abuse-${attack?.name ?? 'none'}`,
  summary: attack?.summary ?? 'the same without an attack',
  async run(options) {
    await using stage = createStage(options.folder);
    const upstreamPort = await startSmallUpstream(stage, options.folder);
    const [abuseUpstreamPort = 0, abuseHttp2UpstreamPort = 0] = await findFreePorts(2);
    const upstream = path.join(loadFolder, 'abuse-upstream.ts');
    stage.start('abuse-upstream', loadCore, [
      ...[process.execPath, upstream, String(abuseUpstreamPort), String(abuseHttp2UpstreamPort)],
    ]);
    await waitForAnswer(abuseUpstreamPort, benchHost, 10_000, { path: '/abuse/small' });
    const attacker = startHelper<AttackerQuestion, number>(stage, path.join(loadFolder, 'attacker.ts'));
    const generator = startHelper<OpenLoopQuestion, readonly LatencyQuantiles[]>(
      stage,
      path.join(loadFolder, 'open-loop-generator.ts'),
    );
    const contenders = createProxies(options, protocols).filter(({ name }) => comparable.has(name));
    const name = `abuse-${attack?.name ?? 'none'}`;
    return await alternate(
      [
        { name: `${name}-memory`, unit: 'MiB more at the peak', better: 'lower' },
        { name: `${name}-p50`, unit: 'µs', better: 'lower' },
        { name: `${name}-p99`, unit: 'µs', better: 'lower' },
      ],
      contenders,
      options,
      async (proxy) => {
        const started = await startProxy(stage, options.folder, proxy, {
          ...{ protocols, upstreamPort, abuseUpstreamPort, abuseHttp2UpstreamPort },
        });
        const ask = (seconds: number): Promise<readonly LatencyQuantiles[]> =>
          generator.ask({
            targets: [{ port: started.port, requestsPerSecond }],
            connections,
            seconds,
            warmupSeconds,
            hasPatience: true,
            path: attack?.othersPath ?? '/',
          });
        // Code and pools are there before anything is compared.
        await ask(2);
        const memory = watchMemory(started.pid);
        await startAttack(attacker, attack, started.port);
        const [quantiles] = await ask(options.seconds);
        const openedCount = await attacker.ask({ kind: 'stop' });
        const grownBytes = memory.stop();
        await started.stop();
        if (attack !== undefined && openedCount === 0) throw new Error(`${proxy.name} was not attacked`);
        if (quantiles === undefined) throw new Error('the generator lost its target');
        return [grownBytes / mebibyte, quantiles.p50, quantiles.p99];
      },
    );
  },
}));

/** Heddle, and Envoy with the same file. */
const comparable: ReadonlySet<string> = new Set(['heddle', 'envoy (defaults)']);

/** Open files that a program needs beside the connections of an attack. */
const otherFiles = 1000;

async function startAttack(
  attacker: Helper<AttackerQuestion, number>,
  attack: Attack | undefined,
  port: number,
): Promise<void> {
  if (attack === undefined) return;
  const count = Math.min(attack.connections, openFileLimit() - otherFiles);
  await attacker.ask({ kind: 'start', attack: attack.name, port, connections: count });
}

/** By how much the resident memory grew at most. `stop` throws when the process ended meanwhile. */
function watchMemory(pid: number): { stop(): number } {
  const before = residentBytesOf(pid);
  let peak = before;
  const timer = setInterval(() => {
    try {
      peak = Math.max(peak, residentBytesOf(pid));
    } catch {
      clearInterval(timer);
    }
  }, sampleMs);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(peak, residentBytesOf(pid)) - before;
    },
  };
}
