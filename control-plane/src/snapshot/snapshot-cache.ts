import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock } from '@heddle/shared/time/clock';
import type { Mesh } from '../translate/mesh.ts';
import { layerScopesOf, type LayerScope, type ScopedNode, type SnapshotBuilder } from './build-snapshot.ts';
import { RetiredClusters } from './retired-clusters.ts';
import {
  diffLayers,
  joinChanges,
  Snapshot,
  type SnapshotChange,
  type SnapshotLayer,
  type SnapshotResource,
} from './snapshot.ts';

/** Told of every new snapshot of its node, synchronously, in the order of the snapshots. */
export type OnSnapshot = (snapshot: Snapshot, change: SnapshotChange) => void;

export interface NodeWatch {
  /** A gRPC client: it names what it wants, on one stream for each name that it dials. */
  readonly isGrpc: boolean;
  /** What the node gets now; undefined until the registry was read completely. */
  current(): Snapshot | undefined;
  /** Clusters that went lately, as they were: a proxy that was away meanwhile may still route to them. */
  retiredClusters(): readonly SnapshotResource[];
  /** Whether the registry is one that nobody ever wrote to, so that all that proxies hold is from another one. */
  isUnwritten(): boolean;
  /** Nothing is told afterwards. Idempotent. */
  close(): void;
}

/** What the xDS server sees of the snapshots. */
export interface SnapshotSource {
  /** @throws InvalidInputError when the node's metadata does not say clearly what it wants */
  watch(node: ScopedNode, onSnapshot: OnSnapshot): NodeWatch;
}

interface LayerEntry {
  readonly scope: LayerScope;
  readonly retired: RetiredClusters;
  layer: SnapshotLayer | undefined;
  change: SnapshotChange;
  watchCount: number;
}

interface Watcher {
  readonly entries: readonly LayerEntry[];
  readonly onSnapshot: OnSnapshot;
  snapshot: Snapshot | undefined;
}

const noChange: SnapshotChange = new Map();
/** How long what went is remembered, and what nobody wants any more: proxies come back within that time. */
const keepRetiredMs = 10 * 60_000;

/**
 * The latest snapshot of every node that is connected. Nodes that want the same share a layer, so the work of a
 * change grows with the number of different wishes, not of nodes. A layer whose candidate was rejected stays as
 * it is.
 */
export class SnapshotCache implements SnapshotSource {
  readonly #builder: SnapshotBuilder;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #entries = new Map<string, LayerEntry>();
  /** Layers that no node wants at present, oldest first. They are not built, only remembered. */
  readonly #left = new Map<string, { readonly entry: LayerEntry; readonly leftAtMs: number }>();
  readonly #watchers = new Set<Watcher>();
  #mesh: Mesh | undefined;
  #isUnwritten = true;
  #publishCount = 0;
  #rejectedCount = 0;

  constructor(builder: SnapshotBuilder, clock: Clock, logger: Logger) {
    this.#builder = builder;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Layers that were built and those that were rejected, since the start; and whether anything can be served. */
  get status(): { readonly isReady: boolean; readonly publishCount: number; readonly rejectedCount: number } {
    return {
      isReady: this.#mesh !== undefined,
      publishCount: this.#publishCount,
      rejectedCount: this.#rejectedCount,
    };
  }

  /** Serves `mesh`, which is the registry at that revision, from now on. */
  publish(mesh: Mesh, revision: number): void {
    const isFirstWrite = this.#isUnwritten && revision > 0;
    this.#mesh = mesh;
    this.#isUnwritten = revision === 0;
    this.#publishCount += 1;
    this.#builder.startRound();
    for (const entry of this.#entries.values()) this.#rebuild(entry, mesh);
    for (const watcher of this.#watchers) this.#tell(watcher, isFirstWrite);
    for (const entry of this.#entries.values()) entry.change = noChange;
  }

  watch(node: ScopedNode, onSnapshot: OnSnapshot): NodeWatch {
    const entries = layerScopesOf(node).map((scope) => this.#open(scope));
    const watcher: Watcher = { entries, onSnapshot, snapshot: snapshotOf(entries) };
    this.#watchers.add(watcher);
    return {
      isGrpc: entries.some(({ scope }) => scope.kind === 'grpc'),
      current: () => watcher.snapshot,
      retiredClusters: () => entries.flatMap(({ retired }) => retired.list()),
      isUnwritten: () => this.#isUnwritten,
      close: () => {
        if (this.#watchers.delete(watcher)) for (const entry of entries) this.#release(entry);
      },
    };
  }

  #open(scope: LayerScope): LayerEntry {
    const key = keyOf(scope);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = this.#left.get(key)?.entry ?? {
        scope,
        retired: new RetiredClusters(this.#clock, keepRetiredMs),
        layer: undefined,
        change: noChange,
        watchCount: 0,
      };
      this.#left.delete(key);
      this.#entries.set(key, entry);
      if (this.#mesh !== undefined) this.#rebuild(entry, this.#mesh);
      entry.change = noChange;
    }
    entry.watchCount += 1;
    return entry;
  }

  #release(entry: LayerEntry): void {
    entry.watchCount -= 1;
    if (entry.watchCount > 0) return;
    const key = keyOf(entry.scope);
    this.#entries.delete(key);
    const nowMs = this.#clock.monotonicMs();
    // Inbound layers hold nothing that goes, and there is one for each node.
    if (entry.scope.kind !== 'inbound') this.#left.set(key, { entry, leftAtMs: nowMs });
    for (const [oldKey, { leftAtMs }] of this.#left) {
      if (nowMs - leftAtMs < keepRetiredMs) break;
      this.#left.delete(oldKey);
    }
  }

  #rebuild(entry: LayerEntry, mesh: Mesh): void {
    const result = this.#builder.buildLayer(mesh, entry.scope, entry.layer);
    if (result.kind === 'rejected') {
      this.#rejectedCount += 1;
      this.#logger.error(
        { scope: entry.scope, problems: result.problems },
        'snapshot dropped, the last good one keeps serving',
      );
      return;
    }
    if (result.layer === entry.layer) return;
    entry.change = diffLayers(entry.layer, result.layer);
    entry.retired.update(entry.layer, result.layer);
    entry.layer = result.layer;
  }

  #tell(watcher: Watcher, isFirstWrite: boolean): void {
    const change = joinChanges(watcher.entries.map((entry) => entry.change));
    const { snapshot: previous, entries } = watcher;
    if (previous?.layers.every((layer, index) => layer === entries[index]?.layer) === true && !isFirstWrite)
      return;
    const snapshot = snapshotOf(entries);
    if (snapshot === undefined) return;
    watcher.snapshot = snapshot;
    // What was left out may have changed alone.
    if (change.size === 0 && previous !== undefined && !isFirstWrite) return;
    watcher.onSnapshot(snapshot, change);
  }
}

function snapshotOf(entries: readonly LayerEntry[]): Snapshot | undefined {
  const layers = entries.map((entry) => entry.layer).filter((layer) => layer !== undefined);
  return layers.length === entries.length ? new Snapshot(layers) : undefined;
}

function keyOf({ kind, scope }: LayerScope): string {
  return JSON.stringify([kind, ...Object.entries(scope).sort()]);
}
