import type { Clock } from '@heddle/shared/time/clock';
import type { ClusterAvailability } from './cluster-availability.ts';

export interface ClusterWait {
  /** Names that are still missed. */
  readonly missing: ReadonlySet<string>;
  cancel(): void;
}

/**
 * Calls `onDone` once all the clusters are active, or after `limitMs` with those that are not. Calls it before
 * returning when there is nothing to wait for.
 */
export function waitForClusters(
  names: Iterable<string>,
  clusters: ClusterAvailability,
  clock: Clock,
  limitMs: number,
  onDone: (missing: ReadonlySet<string>) => void,
): ClusterWait {
  const missing = new Set([...names].filter((name) => !clusters.isActive(name)));
  let stop: () => void = () => undefined;
  function finish(): void {
    stop();
    onDone(missing);
  }
  if (missing.size === 0) {
    finish();
    return { missing, cancel: () => undefined };
  }
  const timer = clock.setTimer(limitMs, finish);
  const stopListening = clusters.onActive((name) => {
    missing.delete(name);
    if (missing.size === 0) finish();
  });
  stop = () => {
    timer.cancel();
    stopListening();
  };
  return { missing, cancel: () => stop() };
}
