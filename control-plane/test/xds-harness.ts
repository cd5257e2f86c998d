import { createSilentLogger } from '@heddle/shared/logging/logger';
import { systemClock } from '@heddle/shared/time/clock';
import type { DeltaMethod, SotwMethod } from '@heddle/shared/xds/discovery-method';
import { toTypeName, typeUrls } from '@heddle/shared/xds/type-urls';
import type { Any } from '@heddle/shared/xds/api';
import { DiscoveryFetch } from '../src/xds/discovery-fetch.ts';
import { buildEmptyAssignment } from '../src/xds/empty-assignment.ts';
import { LoadBoard } from '../src/xds/load-board.ts';
import { NodeStatusBoard } from '../src/xds/node-status.ts';
import { noXdsMetrics } from '../src/xds/xds-metrics.ts';
import { createXdsService } from '../src/xds/xds-service.ts';
import { api, connectDelta, connectSotw, type DeltaClient, type SotwClient } from './ads-client.ts';
import { TestSnapshots } from './test-snapshots.ts';

export const { cluster: CDS, clusterLoadAssignment: EDS, listener: LDS, routeConfiguration: RDS } = typeUrls;

export interface XdsHarness {
  readonly snapshots: TestSnapshots;
  readonly nodes: NodeStatusBoard;
  readonly loads: LoadBoard;
  readonly port: number;
  sotw(method?: SotwMethod): SotwClient;
  delta(method?: DeltaMethod): DeltaClient;
}

/** A server on a port of its own with snapshots set by hand; everything is closed at the end of `use`. */
export async function withXds(use: (xds: XdsHarness) => Promise<void>, ackTimeoutMs = 5_000): Promise<void> {
  const snapshots = new TestSnapshots();
  const nodes = new NodeStatusBoard(systemClock, 60_000);
  const fetch = new DiscoveryFetch({
    snapshots,
    nodes,
    emptyAssignment: (name) => buildEmptyAssignment(api, name),
    clock: systemClock,
    controlPlaneId: 'test',
  });
  const loads = new LoadBoard(systemClock, () => undefined);
  const service = createXdsService({
    api,
    snapshots,
    nodes,
    fetch,
    loads,
    loadReportIntervalMs: 5000,
    metrics: noXdsMetrics,
    clock: systemClock,
    logger: createSilentLogger(),
    controlPlaneId: 'test',
    ackTimeoutMs,
  });
  const port = await service.listen('127.0.0.1', 0);
  const clients: Disposable[] = [];
  const opened = <T extends Disposable>(client: T): T => {
    clients.push(client);
    return client;
  };
  try {
    await use({
      snapshots,
      nodes,
      loads,
      port,
      sotw: (method) => opened(connectSotw(port, method)),
      delta: (method) => opened(connectDelta(port, method)),
    });
  } finally {
    for (const client of clients) client[Symbol.dispose]();
    await service.stop();
  }
}

/** `name=content` of every resource, sorted; for clusters, endpoints, listeners and routes of a TestWorld. */
export function show(resources: readonly Any[]): string {
  return resources.map(showOne).sort().join(' ');
}

function showOne(any: Any): string {
  switch (toTypeName(any.typeUrl)) {
    case 'envoy.config.cluster.v3.Cluster': {
      const { name, altStatName } = api.decode('envoy.config.cluster.v3.Cluster', any.value);
      return `${name}=${altStatName}`;
    }
    case 'envoy.config.endpoint.v3.ClusterLoadAssignment': {
      const { clusterName, endpoints } = api.decode(
        'envoy.config.endpoint.v3.ClusterLoadAssignment',
        any.value,
      );
      return `${clusterName}=${endpoints[0]?.lbEndpoints[0]?.endpoint?.hostname ?? ''}`;
    }
    case 'envoy.config.listener.v3.Listener': {
      const { name, statPrefix } = api.decode('envoy.config.listener.v3.Listener', any.value);
      return `${name}=${statPrefix}`;
    }
    default: {
      const { name, internalOnlyHeaders } = api.decode('envoy.config.route.v3.RouteConfiguration', any.value);
      return `${name}=${internalOnlyHeaders.join('+')}`;
    }
  }
}
