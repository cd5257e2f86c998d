import assert from 'node:assert/strict';
import { startLoad, type Load, type LoadResult } from '@heddle/shared/testing/load-generator';
import { until, type Harness } from '../harness/harness.ts';
import type { OwnRequests } from './fault-mesh.ts';

/** Load of its own through the sidecar that a scenario harms. */
export interface VictimLoad {
  /**
   * Takes stock since it was asked last. Failures whose outcome (`ECONNREFUSED`, `503 …`) matches `excused` had to
   * happen; any other one is thrown as an error.
   */
  account(excused?: RegExp): OwnRequests;
  /** Waits until so many further requests have ended, however they did. */
  next(count: number): Promise<void>;
  stop(): Promise<unknown>;
}

export interface VictimLoadOptions {
  readonly port: number;
  /** Host header. */
  readonly service: string;
  readonly connections?: number;
  readonly path?: string;
}

export function startVictimLoad(
  harness: Harness,
  { port, service, connections = 8, path = '/' }: VictimLoadOptions,
): VictimLoad {
  let results: LoadResult[] = [];
  const load: Load = startLoad({
    targets: [{ name: service, port, host: service, path, connections }],
    requestsPerSecond: 100,
    versionHeader: 'x-port',
    timeoutMs: 20_000,
    onResult: (result) => void results.push(result),
  });
  harness.onEnd(() => load.stop());
  return {
    account(excused) {
      const [counted, failures] = [results.length, results.filter(({ isFailed }) => isFailed)];
      results = [];
      const inexcusable = failures.filter(
        ({ outcome, detail }) => !excused?.test(`${outcome} ${detail}`.trim()),
      );
      assert.deepEqual(
        inexcusable.map(({ outcome, detail }) => `${outcome} ${detail}`.trim()),
        [],
        'requests through the victim failed that need not',
      );
      return { requests: counted, failed: failures.length, hadToFail: failures.length };
    },
    async next(count) {
      const start = results.length;
      await until(
        `${count} further requests through the victim`,
        () => results.length >= start + count,
        30_000,
      );
    },
    stop: () => load.stop(),
  };
}
