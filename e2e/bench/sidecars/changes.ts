import { setTimeout as delay } from 'node:timers/promises';
import type { Fleet } from './fleet.ts';
import { sendWrite, type HttpWrite } from './http-write.ts';

export interface Change {
  /** Name of the endpoint resource that it changes. No two changes that run together have the same. */
  readonly resource: string;
  readonly write: HttpWrite;
}

/** Sends one change and waits until every sidecar has acknowledged it. Milliseconds since the write was sent. */
export async function converge(fleet: Fleet, { resource, write }: Change): Promise<number> {
  const everybody = Promise.withResolvers<number>();
  let missing = fleet.size;
  const startedMs = performance.now();
  fleet.onEndpoints = (names) => {
    if (names.includes(resource) && --missing === 0) everybody.resolve(performance.now() - startedMs);
  };
  const [ms] = await Promise.race([Promise.all([everybody.promise, sendWrite(write)]), fleet.failed]);
  return ms;
}

export interface Churn {
  /** Changes that every sidecar acknowledged, by the time from the first write to the last of these acknowledgements. */
  readonly changesPerSecond: number;
  /** For each stream and change, from when the write was due to the acknowledgement; those that are missing count as until the end. */
  readonly lagsMs: Float64Array;
  readonly answersPerStreamAndChange: number;
  readonly bytesPerStreamAndChange: number;
}

const drainMs = 10_000;

/** Sends changes at a fixed rate, whatever became of those before. */
export async function churn(
  fleet: Fleet,
  changes: readonly Change[],
  changesPerSecond: number,
): Promise<Churn> {
  const lagsMs = new Float64Array(changes.length * fleet.size);
  const startMs = performance.now();
  const states = changes.map((change, index) => ({
    ...change,
    dueMs: startMs + (index * 1000) / changesPerSecond,
    acknowledged: 0,
  }));
  const byResource = new Map(states.map((state) => [state.resource, state]));
  const [responsesBefore, bytesBefore] = [fleet.responseCount, fleet.byteCount];
  const everybody = Promise.withResolvers<undefined>();
  let completed = 0;
  let lastCompletedMs = startMs;
  let lagCount = 0;
  fleet.onEndpoints = (names) => {
    const nowMs = performance.now();
    for (const name of names) {
      const state = byResource.get(name);
      if (state === undefined) continue;
      lagsMs[lagCount++] = nowMs - state.dueMs;
      if (++state.acknowledged < fleet.size) continue;
      lastCompletedMs = nowMs;
      if (++completed === changes.length) everybody.resolve(undefined);
    }
  };

  const writes: Promise<void>[] = [];
  for (const { dueMs, write } of states) {
    await delay(Math.max(0, dueMs - performance.now()));
    writes.push(sendWrite(write));
  }
  const limit = new AbortController();
  const written = Promise.all([...writes, everybody.promise]);
  await Promise.race([written, fleet.failed, delay(drainMs, undefined, { signal: limit.signal })]);
  limit.abort();
  written.catch(() => undefined);

  const endMs = performance.now();
  for (const state of states) {
    for (let missing = fleet.size - state.acknowledged; missing > 0; missing--) {
      lagsMs[lagCount++] = endMs - state.dueMs;
    }
  }
  const streamsAndChanges = changes.length * fleet.size;
  return {
    // Nobody is faster than the changes come.
    changesPerSecond: Math.min(changesPerSecond, (completed * 1000) / (lastCompletedMs - startMs || 1)),
    lagsMs,
    answersPerStreamAndChange: (fleet.responseCount - responsesBefore) / streamsAndChanges,
    bytesPerStreamAndChange: (fleet.byteCount - bytesBefore) / streamsAndChanges,
  };
}
