import type { LoadResult } from '@heddle/shared/testing/load-generator';
import { routeHeader } from './rollout.ts';

interface Shift {
  readonly weights: Readonly<Record<string, number>>;
  /** When the first answer of this revision came, for each target of the load. */
  readonly firstSeenMs: Map<string, number>;
  /** When the control plane answered the change. */
  answeredMs: number;
}

export interface LiveWatch {
  /** Before a change is sent: what its revision means. Returns the marker that tells the revision. */
  announce(weights: Readonly<Record<string, number>>): string;
  /** The control plane answered. */
  answered(marker: string, atMs: number): void;
  observe(result: LoadResult): void;
  /** Whether every one of the targets was answered by this revision. */
  isLive(marker: string, targets: readonly string[]): boolean;
  /** From the control plane's answer to the first request on the new route, for each target. */
  liveMsOf(marker: string): number[];
  /** Requests answered by a version that the revision which they took had given weight 0. */
  readonly misrouted: number;
}

/**
 * Tells from the answers when a change is live. Every revision of the route marks its answers, so the first
 * request on the new route is known exactly, however small its new share is.
 */
export function createLiveWatch(): LiveWatch {
  const shifts = new Map<string, Shift>();
  let misrouted = 0;
  return {
    announce(weights) {
      const marker = String(shifts.size + 1);
      shifts.set(marker, { weights, firstSeenMs: new Map(), answeredMs: Infinity });
      return marker;
    },
    answered(marker, atMs) {
      const shift = shifts.get(marker);
      if (shift !== undefined) shift.answeredMs = atMs;
    },
    observe({ headers, target, version, endedMs, isFailed }) {
      const marker = headers[routeHeader];
      const shift = typeof marker === 'string' ? shifts.get(marker) : undefined;
      if (shift === undefined || isFailed) return;
      if (!shift.firstSeenMs.has(target.name)) shift.firstSeenMs.set(target.name, endedMs);
      if (shift.weights[version] === 0) misrouted += 1;
    },
    isLive: (marker, targets) => targets.every((name) => shifts.get(marker)?.firstSeenMs.has(name) === true),
    liveMsOf(marker) {
      const shift = shifts.get(marker);
      if (shift === undefined) return [];
      // A proxy may have the change before the REST answer reached us.
      return [...shift.firstSeenMs.values()].map((seenMs) => Math.max(0, seenMs - shift.answeredMs));
    },
    get misrouted() {
      return misrouted;
    },
  };
}
