import type { Service } from '@heddle/shared/model/service';
import { hostsOfRoute } from '@heddle/shared/model/references';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { buildGrpcCluster } from './grpc-cluster.ts';
import { buildApiListener } from './grpc-listener.ts';
import { buildGrpcRouteTable } from './grpc-route.ts';
import type { LeftOutResource } from './left-out.ts';
import { protocolOf, type Mesh } from './mesh.ts';
import type { GrpcScope } from './grpc-scope.ts';
import { apiTableName } from './resource-names.ts';
import { routesOf, targetsOf } from './route-table.ts';
import { emptyBackendsOf } from './split-fallback.ts';
import { planTargets, servicesOf, type Plan, type PlannedResource } from './translate-scope.ts';
import { resourceTypeNames } from './translated.ts';

/**
 * What a gRPC client may dial: each service that speaks HTTP/2, by its name and, if it has a port, with that; and each
 * host that routes claim. A wildcard cannot be dialled.
 */
export function planGrpc(api: XdsApi, mesh: Mesh, scope: GrpcScope): Plan {
  const leftOut: LeftOutResource[] = [];
  const services = servicesOf(mesh, scope).filter((service) => isCallable(service, leftOut));
  const routes = routesOf(mesh, new Set(services.map(({ metadata }) => metadata.name)));
  const hosts = new Set([
    ...services.map(({ metadata }) => metadata.name),
    ...routes.flatMap(hostsOfRoute).filter((host) => !host.startsWith('*') && !mesh.services.has(host)),
  ]);
  const emptyBackends = emptyBackendsOf(mesh);
  const resources = planClusters(api, mesh, scope, services);
  for (const host of [...hosts].sort()) {
    const service = services.find(({ metadata }) => metadata.name === host);
    const port = service?.spec?.port;
    const dialled = port === undefined ? [host] : [host, `${host}:${port}`];
    for (const name of dialled) {
      resources.push({
        typeName: resourceTypeNames.listener,
        name,
        key: `grpc listener ${name} ${host}`,
        inputs: [],
        build: () => buildApiListener(api, name, host),
      });
    }
    resources.push({
      typeName: resourceTypeNames.routeTable,
      name: apiTableName(host),
      key: `grpc routes ${host} ${scope.upstreams?.join() ?? '*'}`,
      inputs: [mesh.services, mesh.routes, mesh.policies, emptyBackends],
      build: () => buildGrpcRouteTable(mesh, host, routes, service),
    });
  }
  return { resources, leftOut };
}

function isCallable(service: Service, leftOut: LeftOutResource[]): boolean {
  const protocol = protocolOf(service);
  if (protocol === 'http2' || protocol === 'grpc') return true;
  const reason = `the service is of protocol ${protocol}; calls over gRPC need http2 or grpc`;
  leftOut.push({ typeName: resourceTypeNames.listener, name: service.metadata.name, reason });
  return false;
}

function planClusters(
  api: XdsApi,
  mesh: Mesh,
  { certificateProvider }: GrpcScope,
  services: readonly Service[],
): PlannedResource[] {
  return planTargets(mesh, targetsOf(mesh, services), (name, target, service, policies) => ({
    key: `grpc cluster ${name} ${certificateProvider}`,
    build: () => buildGrpcCluster(api, service, target.version, policies, certificateProvider),
  }));
}
