import type { Load, LoadReport } from '@heddle/shared/testing/load-generator';
import { until } from '../harness/harness.ts';

/**
 * Counts anew and waits for so many further requests; what came of them. Throws when a request failed that was
 * counted before: nobody would hear of it any more.
 */
export async function nextRequests(load: Load, count: number): Promise<LoadReport> {
  const { failed, failures } = load.report();
  if (failed > 0) throw new Error(`${failed} requests failed:\n${failures.join('\n')}`);
  load.reset();
  await until(`${count} further requests`, () => load.report().requests >= count, 30_000);
  return load.report();
}

/** Waits until a stretch of requests has only answers of this version. */
export async function untilOnlyVersion(load: Load, version: string): Promise<void> {
  await until(`only ${version} answers`, async () => {
    const { requests, byVersion } = await nextRequests(load, 30);
    return byVersion[version] === requests;
  });
}
