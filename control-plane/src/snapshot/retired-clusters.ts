import type { Clock } from '@heddle/shared/time/clock';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import type { SnapshotLayer, SnapshotResource } from './snapshot.ts';

/** Clusters that a layer held until lately, as they were last. */
export class RetiredClusters {
  readonly #clock: Clock;
  readonly #keepMs: number;
  /** Oldest first. */
  readonly #retired = new Map<string, { readonly resource: SnapshotResource; readonly atMs: number }>();

  constructor(clock: Clock, keepMs: number) {
    this.#clock = clock;
    this.#keepMs = keepMs;
  }

  update(previous: SnapshotLayer | undefined, next: SnapshotLayer): void {
    const before = previous?.resources.get(typeUrls.cluster);
    const after = next.resources.get(typeUrls.cluster);
    if (before === after) return;
    for (const name of after?.keys() ?? []) this.#retired.delete(name);
    for (const [name, resource] of before ?? []) {
      if (after?.has(name) === true) continue;
      this.#retired.delete(name);
      this.#retired.set(name, { resource, atMs: this.#clock.monotonicMs() });
    }
  }

  list(): readonly SnapshotResource[] {
    const oldestMs = this.#clock.monotonicMs() - this.#keepMs;
    for (const [name, { atMs }] of this.#retired) {
      if (atMs >= oldestMs) break;
      this.#retired.delete(name);
    }
    return Array.from(this.#retired.values(), ({ resource }) => resource);
  }
}
