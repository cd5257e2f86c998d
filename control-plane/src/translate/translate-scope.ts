import type { Instance } from '@heddle/shared/model/instance';
import type { Secret } from '@heddle/shared/model/secret';
import type { Policy } from '@heddle/shared/model/policy';
import type { Service } from '@heddle/shared/model/service';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { buildInboundCluster, buildServiceCluster } from './cluster.ts';
import { buildClusterLoadAssignment } from './cluster-load-assignment.ts';
import { buildInboundListener, buildOutboundListener, buildServicePortListener } from './listener.ts';
import type { LeftOutResource } from './left-out.ts';
import { protocolOf, type Mesh } from './mesh.ts';
import { sourceKey } from './message-parts.ts';
import { wouldLoop, type InboundScope, type OutboundScope } from './node-scope.ts';
import {
  identityName,
  inboundClusterName,
  inboundName,
  inboundTrustName,
  outboundName,
  servicePortName,
  trustName,
  type ClusterTarget,
} from './resource-names.ts';
import { buildSecret } from './secret.ts';
import {
  buildInboundRouteTable,
  buildOutboundRouteTable,
  buildServicePortRouteTable,
  targetsOf,
} from './route-table.ts';
import { emptyBackendsOf } from './split-fallback.ts';
import { resourceTypeNames, type ResourceTypeName, type Translated } from './translated.ts';

/**
 * A resource that a scope needs, not built yet. Plans with the same `key` and the same `inputs` (`Object.is`,
 * one by one) build the same resource, in whatever scope they occur.
 */
export interface PlannedResource {
  readonly typeName: ResourceTypeName;
  readonly name: string;
  /** Type, name, and what else tells the resources of different scopes apart. */
  readonly key: string;
  /** The values of the mesh that `build` reads. */
  readonly inputs: readonly unknown[];
  build(): Translated;
}

/** What a scope gets. */
export interface Plan {
  readonly resources: readonly PlannedResource[];
  readonly leftOut: readonly LeftOutResource[];
}

export const noInstances: ReadonlyMap<string, Instance> = new Map();
export const noPolicies: readonly Policy[] = [];

/** Clusters, endpoints, listeners and route tables for what the applications of a scope call. */
export function planOutbound(api: XdsApi, mesh: Mesh, scope: OutboundScope): Plan {
  const leftOut: LeftOutResource[] = [];
  const services = servicesOf(mesh, scope);
  const emptyBackends = emptyBackendsOf(mesh);
  const from = sourceKey(scope.source);
  const targets = targetsOf(mesh, services);
  const planned = planTargets(mesh, targets, (name, target, service, policies) => ({
    key: `cluster ${name}${from}`,
    build: () => buildServiceCluster(api, service, target.version, policies, scope.source),
  }));
  planned.push(...planTrust(mesh, targets.values()));
  planned.push(
    {
      typeName: resourceTypeNames.listener,
      name: outboundName,
      key: `listener ${outboundName} ${scope.address} ${scope.port}${from}`,
      inputs: [],
      build: () => buildOutboundListener(api, scope),
    },
    {
      typeName: resourceTypeNames.routeTable,
      name: outboundName,
      key: `routes ${outboundName} ${scope.upstreams?.join() ?? '*'}`,
      inputs: [mesh.services, mesh.routes, mesh.policies, emptyBackends],
      build: () => buildOutboundRouteTable(api, mesh, services),
    },
  );
  if (scope.hasServicePorts)
    for (const service of services)
      planned.push(...planServicePort(api, mesh, scope, service, emptyBackends, leftOut));
  return { resources: planned, leftOut };
}

/** A cluster and its endpoints for each target; `clusterOf` says how the cluster is built, and what tells it from others'. */
export function planTargets(
  mesh: Mesh,
  targets: ReadonlyMap<string, ClusterTarget>,
  clusterOf: (
    name: string,
    target: ClusterTarget,
    service: Service,
    policies: readonly Policy[],
  ) => Pick<PlannedResource, 'key' | 'build'>,
): PlannedResource[] {
  return [...targets].flatMap(([name, target]): PlannedResource[] => {
    const service = mesh.services.get(target.service);
    // A route may name a service that is gone; the consistency check of the snapshot says so.
    if (service === undefined) return [];
    const policies = mesh.policies.get(target.service) ?? noPolicies;
    const instances = mesh.instances.get(target.service) ?? noInstances;
    return [
      {
        typeName: resourceTypeNames.cluster,
        name,
        inputs: [service, policies],
        ...clusterOf(name, target, service, policies),
      },
      {
        typeName: resourceTypeNames.endpoints,
        name,
        key: `endpoints ${name}`,
        inputs: [instances],
        build: () => buildClusterLoadAssignment(target, instances),
      },
    ];
  });
}

function planServicePort(
  api: XdsApi,
  mesh: Mesh,
  scope: OutboundScope,
  service: Service,
  emptyBackends: string,
  leftOut: LeftOutResource[],
): PlannedResource[] {
  const port = service.spec?.port;
  if (port === undefined) return [];
  const protocol = protocolOf(service);
  const name = servicePortName(service.metadata.name);
  if (port === scope.port) {
    // The outbound listener takes the service's requests anyway.
    const reason = `its port ${port} is that of the outbound listener`;
    leftOut.push({ typeName: resourceTypeNames.listener, name, reason });
    return [];
  }
  const listener: PlannedResource = {
    typeName: resourceTypeNames.listener,
    name,
    key: `listener ${name} ${scope.address}${sourceKey(scope.source)}`,
    inputs: [service],
    build: () => buildServicePortListener(api, service.metadata.name, protocol, { ...scope, port }),
  };
  if (protocol === 'tcp') return [listener];
  const routeTable: PlannedResource = {
    typeName: resourceTypeNames.routeTable,
    name,
    key: `routes ${name}`,
    inputs: [service, mesh.routes, mesh.policies, emptyBackends],
    build: () => buildServicePortRouteTable(api, mesh, service),
  };
  return [listener, routeTable];
}

/** What reaches the application beside the proxy; nothing as long as its port is not known. */
export function planInbound(api: XdsApi, mesh: Mesh, scope: InboundScope): Plan {
  const service = mesh.services.get(scope.service);
  if (service === undefined) return withoutInbound(`there is no service "${scope.service}"`);
  const appPort = scope.appPort ?? mesh.instances.get(scope.service)?.get(scope.instance)?.spec.port;
  if (appPort === undefined)
    return withoutInbound(`the port of instance "${scope.instance}" of "${scope.service}" is not known`);
  if (wouldLoop(scope, appPort))
    return withoutInbound(`the application's port ${appPort} is that of the inbound listener`);
  const protocol = protocolOf(service);
  const tls = service.spec?.tls;
  // Everything that these read is in their keys.
  const inputs: readonly unknown[] = [];
  const planned: PlannedResource[] = [
    {
      typeName: resourceTypeNames.cluster,
      name: inboundClusterName(appPort),
      key: `cluster inbound ${scope.appAddress} ${appPort} ${protocol}`,
      inputs,
      build: () => buildInboundCluster(api, scope.appAddress, appPort, protocol),
    },
    {
      typeName: resourceTypeNames.listener,
      name: inboundName,
      key: `listener ${inboundName} ${scope.address} ${scope.port} ${appPort} ${protocol}${sourceKey(scope.source)}`,
      inputs: [tls === undefined],
      build: () => buildInboundListener(api, protocol, scope, appPort, tls !== undefined),
    },
  ];
  if (tls !== undefined) {
    const identity = mesh.secrets.get(tls.certificate);
    const trust = mesh.secrets.get(tls.trustBundle);
    if (identity !== undefined) planned.push(planSecret(identityName, scope.service, identity));
    if (trust !== undefined) planned.push(planSecret(inboundTrustName, scope.service, trust));
  }
  if (protocol === 'tcp') return { resources: planned, leftOut: [] };
  planned.push({
    typeName: resourceTypeNames.routeTable,
    name: inboundName,
    key: `routes ${inboundName} ${appPort}`,
    inputs,
    build: () => buildInboundRouteTable(appPort),
  });
  return { resources: planned, leftOut: [] };
}

function withoutInbound(reason: string): Plan {
  return { resources: [], leftOut: [{ typeName: resourceTypeNames.listener, name: inboundName, reason }] };
}

/** Whom the clusters trust: each bundle once. */
function planTrust(mesh: Mesh, targets: Iterable<ClusterTarget>): PlannedResource[] {
  const names = new Set<string>();
  for (const { service } of targets) {
    const tls = mesh.services.get(service)?.spec?.tls;
    if (tls !== undefined) names.add(tls.trustBundle);
  }
  return [...names].flatMap((name) => {
    const secret = mesh.secrets.get(name);
    return secret === undefined ? [] : planSecret(trustName(name), '', secret);
  });
}

/** `owner`: whose it is, where the name alone does not tell. */
function planSecret(name: string, owner: string, secret: Secret): PlannedResource {
  return {
    typeName: resourceTypeNames.secret,
    name,
    key: `secret ${name} ${owner}`,
    inputs: [secret],
    build: () => buildSecret(name, secret),
  };
}

export function servicesOf(mesh: Mesh, { upstreams }: Pick<OutboundScope, 'upstreams'>): readonly Service[] {
  if (upstreams === undefined) return [...mesh.services.values()];
  return upstreams.flatMap((name) => mesh.services.get(name) ?? []);
}
