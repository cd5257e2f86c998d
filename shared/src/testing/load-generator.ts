import http from 'node:http';
import { quantile } from './quantile.ts';

/** Where load goes: keep-alive connections to one port of 127.0.0.1. */
export interface LoadTarget {
  /** For people, and for reports: `web-1 → catalog`. */
  readonly name: string;
  readonly port: number;
  /** Host header. */
  readonly host: string;
  readonly path: string;
  readonly connections: number;
}

export interface LoadOptions {
  readonly targets: readonly LoadTarget[];
  /** Over all connections, evenly; each connection has one request in flight at most. */
  readonly requestsPerSecond: number;
  /** Response header that tells which version answered. */
  readonly versionHeader: string;
  /** A request without an answer for so long has failed; 10 s unless given. */
  readonly timeoutMs?: number;
  /** Called for every request that ended. */
  readonly onResult?: (result: LoadResult) => void;
}

export interface LoadResult {
  readonly target: LoadTarget;
  /** The status as text, or what happened instead: `ECONNRESET`, `timeout`. */
  readonly outcome: string;
  /** Only 200 is none. */
  readonly isFailed: boolean;
  /** Start of the body of a failed answer. */
  readonly detail: string;
  /** '' when the answer named none. */
  readonly version: string;
  readonly headers: http.IncomingHttpHeaders;
  /** `performance.now()` when the request was sent, and when its last byte was there. */
  readonly startedMs: number;
  readonly endedMs: number;
}

export interface LoadReport {
  readonly requests: number;
  readonly failed: number;
  readonly byOutcome: Readonly<Record<string, number>>;
  readonly byVersion: Readonly<Record<string, number>>;
  readonly byTarget: Readonly<Record<string, number>>;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** The first failures, one line each. */
  readonly failures: readonly string[];
}

export interface Load {
  /** What is counted so far; requests in flight are in none of the numbers. */
  report(): LoadReport;
  /** Starts counting anew. */
  reset(): void;
  /** No further requests; resolves when those in flight have ended, with everything that was counted. */
  stop(): Promise<LoadReport>;
}

const shownFailures = 20;

/** Steady load that counts every request. A slow answer delays the requests of its own connection only. */
export function startLoad(options: LoadOptions): Load {
  const connectionCount = options.targets.reduce((sum, target) => sum + target.connections, 0);
  const intervalMs = (connectionCount * 1000) / options.requestsPerSecond;
  let counts = createCounts();
  let isStopped = false;
  const agents: http.Agent[] = [];
  const runners: Promise<void>[] = [];

  async function runConnection(target: LoadTarget, agent: http.Agent, offsetMs: number): Promise<void> {
    let dueMs = performance.now() + offsetMs;
    for (;;) {
      await pause(Math.max(0, dueMs - performance.now()));
      if (isStopped) return;
      const result = await sendOne(target, agent, options);
      counts.add(result);
      options.onResult?.(result);
      dueMs = Math.max(dueMs + intervalMs, performance.now());
    }
  }

  for (const target of options.targets) {
    for (let index = 0; index < target.connections; index++) {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      agents.push(agent);
      runners.push(runConnection(target, agent, (intervalMs * runners.length) / connectionCount));
    }
  }

  return {
    report: () => counts.report(),
    reset() {
      counts = createCounts();
    },
    async stop() {
      isStopped = true;
      await Promise.all(runners);
      for (const agent of agents) agent.destroy();
      return counts.report();
    },
  };
}

function sendOne(target: LoadTarget, agent: http.Agent, options: LoadOptions): Promise<LoadResult> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const finish = (outcome: string, headers: http.IncomingHttpHeaders, detail = ''): void => {
      const version = headers[options.versionHeader];
      resolve({
        target,
        outcome,
        isFailed: outcome !== '200',
        detail,
        version: typeof version === 'string' ? version : '',
        headers,
        startedMs,
        endedMs: performance.now(),
      });
    };
    const fail = (error: Error): void => finish('code' in error ? String(error.code) : error.message, {});
    const request = http.get(
      { host: '127.0.0.1', port: target.port, path: target.path, agent, headers: { host: target.host } },
      (response) => {
        let detail = '';
        if (response.statusCode === 200) response.resume();
        else response.on('data', (chunk: Buffer) => (detail = (detail + chunk.toString()).slice(0, 200)));
        response.once('end', () => finish(String(response.statusCode), response.headers, detail.trim()));
        response.once('error', fail);
      },
    );
    request.setTimeout(options.timeoutMs ?? 10_000, () => request.destroy(new Error('timeout')));
    request.once('error', fail);
  });
}

function createCounts() {
  let failed = 0;
  const byOutcome: Record<string, number> = {};
  const byVersion: Record<string, number> = {};
  const byTarget: Record<string, number> = {};
  const latenciesMs: number[] = [];
  const failures: string[] = [];
  const count = (counter: Record<string, number>, key: string): void => {
    counter[key] = (counter[key] ?? 0) + 1;
  };
  return {
    add({ target, outcome, isFailed, detail, version, startedMs, endedMs }: LoadResult): void {
      count(byOutcome, outcome);
      count(byTarget, target.name);
      if (version !== '') count(byVersion, version);
      latenciesMs.push(endedMs - startedMs);
      if (!isFailed) return;
      failed += 1;
      if (failures.length < shownFailures)
        failures.push(`${new Date().toISOString()} ${target.name}: ${outcome} ${detail}`);
    },
    report(): LoadReport {
      return {
        requests: latenciesMs.length,
        failed,
        byOutcome: { ...byOutcome },
        byVersion: { ...byVersion },
        byTarget: { ...byTarget },
        latencyMs: { p50: quantile(latenciesMs, 0.5), p99: quantile(latenciesMs, 0.99) },
        failures: [...failures],
      };
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
