import { systemClock, type Clock } from '@heddle/shared/time/clock';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import {
  createSnapshotResource,
  diffLayers,
  Snapshot,
  SnapshotLayer,
  type SnapshotResource,
} from '../src/snapshot/snapshot.ts';
import { RetiredClusters } from '../src/snapshot/retired-clusters.ts';
import type { OnSnapshot, SnapshotSource } from '../src/snapshot/snapshot-cache.ts';
import { api } from './ads-client.ts';

/** A little world by name: content `v` changes with its text, references follow the names given. */
export interface TestWorld {
  /** Cluster → content. Endpoints have the cluster's name unless `endpointsOf` says otherwise. */
  readonly clusters?: Readonly<Record<string, string>>;
  readonly endpointsOf?: Readonly<Record<string, string>>;
  /** Endpoints → content; empty: there are none. */
  readonly endpoints?: Readonly<Record<string, string>>;
  /** Listener → name of its route table. */
  readonly listeners?: Readonly<Record<string, string>>;
  /** Route table → names of its clusters. */
  readonly routes?: Readonly<Record<string, readonly string[]>>;
}

/** Snapshots that a test sets by hand, the same for every node. */
export class TestSnapshots implements SnapshotSource {
  readonly #watchers = new Set<OnSnapshot>();
  readonly #retired: RetiredClusters;
  #layer: SnapshotLayer | undefined;
  /** As of a registry that nobody ever wrote to. */
  isUnwritten = false;

  constructor(clock: Clock = systemClock) {
    this.#retired = new RetiredClusters(clock, 60_000);
  }

  current(): Snapshot | undefined {
    return this.#layer === undefined ? undefined : new Snapshot([this.#layer]);
  }

  set(world: TestWorld): void {
    const layer = toLayer(world);
    const change = diffLayers(this.#layer, layer);
    this.#retired.update(this.#layer, layer);
    this.#layer = layer;
    for (const onSnapshot of this.#watchers) onSnapshot(new Snapshot([layer]), change);
  }

  watch(_node: unknown, onSnapshot: OnSnapshot) {
    this.#watchers.add(onSnapshot);
    return {
      isGrpc: false,
      current: () => this.current(),
      retiredClusters: () => this.#retired.list(),
      isUnwritten: () => this.isUnwritten,
      close: () => void this.#watchers.delete(onSnapshot),
    };
  }
}

function toLayer(world: TestWorld): SnapshotLayer {
  const clusters = Object.entries(world.clusters ?? {}).map(([name, content]) => {
    const bytes = api.encode('envoy.config.cluster.v3.Cluster', { name, altStatName: content });
    const endpoints = world.endpointsOf?.[name] ?? name;
    return createSnapshotResource(typeUrls.cluster, name, bytes, [
      { typeUrl: typeUrls.clusterLoadAssignment, name: endpoints },
    ]);
  });
  const endpoints = Object.entries(world.endpoints ?? {}).map(([name, content]) => {
    const bytes = api.encode('envoy.config.endpoint.v3.ClusterLoadAssignment', {
      clusterName: name,
      endpoints: content === '' ? [] : [{ lbEndpoints: [{ endpoint: { hostname: content } }] }],
    });
    return createSnapshotResource(typeUrls.clusterLoadAssignment, name, bytes);
  });
  const listeners = Object.entries(world.listeners ?? {}).map(([name, table]) => {
    const bytes = api.encode('envoy.config.listener.v3.Listener', { name, statPrefix: table });
    return createSnapshotResource(typeUrls.listener, name, bytes, [
      { typeUrl: typeUrls.routeConfiguration, name: table },
    ]);
  });
  const routes = Object.entries(world.routes ?? {}).map(([name, names]) => {
    const bytes = api.encode('envoy.config.route.v3.RouteConfiguration', {
      name,
      internalOnlyHeaders: names,
    });
    return createSnapshotResource(
      typeUrls.routeConfiguration,
      name,
      bytes,
      names.map((cluster) => ({ typeUrl: typeUrls.cluster, name: cluster })),
    );
  });
  return new SnapshotLayer(
    new Map([
      [typeUrls.cluster, byName(clusters)],
      [typeUrls.clusterLoadAssignment, byName(endpoints)],
      [typeUrls.listener, byName(listeners)],
      [typeUrls.routeConfiguration, byName(routes)],
    ]),
  );
}

function byName(resources: readonly SnapshotResource[]): Map<string, SnapshotResource> {
  return new Map(resources.map((resource) => [resource.name, resource]));
}
