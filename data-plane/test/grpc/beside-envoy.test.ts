import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect, isDeepStrictEqual } from 'node:util';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { startHttpServer } from '../../src/upstream/testing/upstream-server.ts';
import { askAdmin } from '../statistics/ask-admin.ts';
import { runEnvoyWithAdmin } from '../statistics/envoy-process.ts';
import { isAccepting, startSidecarProcess } from '../statistics/sidecar-process.ts';
import { answerRequest } from './answers.ts';
import { deviations, lastRequest, resourcesOf, scenes, type SceneRequest } from './comparison.ts';
import { linesOf, readAll, send } from './send.ts';

const envoy = usePeer('envoy');
const names = Object.keys(scenes);
interface Outcome {
  readonly request: SceneRequest;
  readonly answer: readonly string[];
  /** What the upstream got; empty when nothing reached it. */
  readonly upstream: readonly string[];
}

interface Observation {
  readonly outcomes: Readonly<Record<string, readonly Outcome[]>>;
  readonly logs: Readonly<Record<string, readonly string[]>>;
  readonly stats: readonly string[];
  readonly labels: readonly string[];
}

async function observe(
  start: (
    resources: Readonly<Record<string, unknown>>,
  ) => Promise<{ adminPort: number; stop(): Promise<void> }>,
): Promise<Observation> {
  const directory = mkdtempSync(join(tmpdir(), 'grpc-'));
  let received: string[] = [];
  const respond = async (asked: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const body = await readAll(asked);
    received.push(`${asked.method ?? ''} ${asked.url ?? ''}`, ...linesOf(asked.rawHeaders), body);
    answerRequest(asked, answer);
  };
  const upstream = await startHttpServer((asked, answer) => {
    // A request that the proxy breaks off did not come.
    respond(asked, answer).catch(() => undefined);
  });
  const [gonePort = 0, ...ports] = await findFreePorts(names.length + 1);
  const proxy = await start(resourcesOf(ports, upstream.port, gonePort, join(directory, 'log')));
  const outcomes: Record<string, Outcome[]> = {};
  const logs: Record<string, string[]> = {};
  try {
    for (const [index, name] of names.entries()) {
      const port = ports[index] ?? 0;
      while (!(await isAccepting(port))) await sleep(systemClock, 20);
      outcomes[name] = [];
      for (const asked of [...(scenes[name]?.requests ?? []), lastRequest]) {
        received = [];
        const answer = await send(port, asked);
        // Attempts after the first may have less time: back-off is random.
        const said = received.map((line) => line.replace(/(rq-timeout-ms: )1[45]\d\d\d$/, '$1all'));
        outcomes[name].push({ request: asked, answer, upstream: said });
      }
    }
    const labels = await settledStats(proxy.adminPort);
    const stats = await askAdmin(proxy.adminPort, '/stats?filter=grpc');
    for (const name of names) {
      for (const kind of ['', '-some', '-others']) {
        const path = join(directory, `log-${name}${kind}.log`);
        const read = (): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');
        while (read().at(-1)?.startsWith(lastRequest.path) !== true) await sleep(systemClock, 20);
        logs[name + kind] = read();
      }
    }
    const isHistogram = (line: string): boolean => line.includes('upstream_rq_time');
    return {
      outcomes,
      logs,
      labels,
      // Envoy has a counter only once it counted, and one for `grpc-status: x`.
      stats: stats
        .split('\n')
        .filter((line) => !/: 0$|\.x: /.test(line))
        .map((line) => (isHistogram(line) ? (line.split(':')[0] ?? '') : line)),
    };
  } finally {
    await proxy.stop();
    await upstream.close();
    rmSync(directory, { recursive: true });
  }
}

/** Histograms of Envoy appear at its next flush. */
async function settledStats(adminPort: number): Promise<string[]> {
  for (;;) {
    const text = await askAdmin(adminPort, '/stats/prometheus?filter=grpc');
    if (/upstream_rq_time_count\{.*\} [1-9]/.test(text)) {
      return text
        .split('\n')
        .filter((line) => !/_bucket|_sum|^$|^#|\} 0$|_x\{/.test(line))
        .sort();
    }
    await sleep(systemClock, 20);
  }
}

const startEnvoy = (resources: Readonly<Record<string, unknown>>) =>
  runEnvoyWithAdmin(envoy.path, { stats_flush_interval: '0.2s', ...resources });

test('gRPC is treated as by a real Envoy', { skip: envoy.skip }, async () => {
  const theirs = await observe(startEnvoy);
  const ours = await observe((resources) => startSidecarProcess(resources, { argv: ['--concurrency', '1'] }));
  const differences: object[] = [];
  const deviating = new Set<string>();
  for (const name of names) {
    for (const [index, expected] of (theirs.outcomes[name] ?? []).entries()) {
      const actual = ours.outcomes[name]?.[index];
      const known = `${name} ${expected.request.path.split('/').at(-1) ?? ''}`;
      if (isDeepStrictEqual(actual, expected)) continue;
      if (known in deviations) deviating.add(known);
      else differences.push({ name, expected, actual });
    }
  }
  assert.equal(differences.length, 0, inspect(differences, { depth: 5, breakLength: 160 }));
  assert.deepEqual([...deviating].sort(), Object.keys(deviations).sort());
  assert.deepEqual(ours.logs, theirs.logs);
  assert.deepEqual(ours.stats, theirs.stats);
  assert.deepEqual(ours.labels, theirs.labels);
});
