import type { CircuitBreaker, PolicySpec } from '@heddle/shared/model/policy';
import type { Policy } from '@heddle/shared/model/policy';
import type { Service, ServiceProtocol } from '@heddle/shared/model/service';
import { packAny } from '@heddle/shared/xds/any';
import type { Any, CircuitBreakers, Cluster } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { buildHealthCheck } from './health-check.ts';
import { mergePolicies, protocolOf } from './mesh.ts';
import { configSourceOf, tcpAddress, toDuration } from './message-parts.ts';
import type { SeparateSource } from './node-scope.ts';
import { clusterName, inboundClusterName, trustName } from './resource-names.ts';
import { buildUpstreamSocket } from './secret.ts';
import { referTo, type TranslatedOf } from './translated.ts';

type ClusterResource = TranslatedOf<'envoy.config.cluster.v3.Cluster'>;

const httpOptionsName = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** The cluster of a service, or of its instances of one version; endpoints come by EDS under the cluster's name. */
export function buildServiceCluster(
  api: XdsApi,
  service: Service,
  version: string | undefined,
  policies: readonly Policy[],
  source: SeparateSource | undefined,
): ClusterResource {
  const name = clusterName({ service: service.metadata.name, version });
  const policy = mergePolicies(policies);
  const protocol = protocolOf(service);
  const tls = service.spec?.tls;
  return {
    typeName: 'envoy.config.cluster.v3.Cluster',
    name,
    references: [
      referTo('clusterLoadAssignment', name),
      ...(tls === undefined ? [] : [referTo('secret', trustName(tls.trustBundle))]),
    ],
    value: {
      name,
      altStatName: statNameOf(name),
      type: 'EDS',
      edsClusterConfig: { edsConfig: configSourceOf(source) },
      connectTimeout:
        policy.timeouts?.connect === undefined ? undefined : toDuration(policy.timeouts.connect),
      ...loadBalancing(policy.loadBalancer),
      transportSocket:
        tls === undefined ? undefined : buildUpstreamSocket(api, service.metadata.name, tls, source),
      healthChecks:
        policy.healthCheck === undefined
          ? []
          : [buildHealthCheck(policy.healthCheck, protocol, service.metadata.name)],
      // An instance that just came is no sign of an outage: until its first check it does not count towards panic.
      commonLbConfig: policy.healthCheck === undefined ? undefined : { ignoreNewHostsUntilFirstHc: true },
      circuitBreakers: policy.circuitBreaker === undefined ? undefined : toThresholds(policy.circuitBreaker),
      typedExtensionProtocolOptions: httpOptions(api, protocol, policy.timeouts?.idle),
    },
  };
}

/** The cluster of the application beside an inbound listener. */
export function buildInboundCluster(
  api: XdsApi,
  address: string,
  port: number,
  protocol: ServiceProtocol,
): ClusterResource {
  const name = inboundClusterName(port);
  return {
    typeName: 'envoy.config.cluster.v3.Cluster',
    name,
    references: [],
    value: {
      name,
      type: 'STATIC',
      loadAssignment: {
        clusterName: name,
        endpoints: [{ lbEndpoints: [{ endpoint: { address: tcpAddress(address, port) } }] }],
      },
      typedExtensionProtocolOptions: httpOptions(api, protocol, undefined),
    },
  };
}

/** Dots separate the parts of a statistic's name, and versions may hold some. Empty: the name will do. */
function statNameOf(name: string): string {
  const clean = name.replace(/[.:\s]/g, '_');
  return clean === name ? '' : clean;
}

function loadBalancing(loadBalancer: PolicySpec['loadBalancer']): MessageInit<Cluster> {
  switch (loadBalancer?.policy) {
    case undefined:
    case 'roundRobin':
      return { lbPolicy: 'ROUND_ROBIN' };
    case 'random':
      return { lbPolicy: 'RANDOM' };
    case 'leastRequest':
      return {
        lbPolicy: 'LEAST_REQUEST',
        leastRequestLbConfig:
          loadBalancer.choiceCount === undefined ? undefined : { choiceCount: loadBalancer.choiceCount },
      };
  }
}

function toThresholds(limits: CircuitBreaker): MessageInit<CircuitBreakers> {
  return { thresholds: [{ priority: 'DEFAULT', ...limits }] };
}

function httpOptions(
  api: XdsApi,
  protocol: ServiceProtocol,
  idleTimeout: string | undefined,
): Readonly<Record<string, Any>> {
  if (protocol === 'tcp') return {};
  const isHttp2 = protocol !== 'http';
  if (!isHttp2 && idleTimeout === undefined) return {};
  const options = packAny(api, httpOptionsName, {
    commonHttpProtocolOptions:
      idleTimeout === undefined ? undefined : { idleTimeout: toDuration(idleTimeout) },
    explicitHttpConfig: isHttp2 ? { http2ProtocolOptions: {} } : { httpProtocolOptions: {} },
  });
  return { [httpOptionsName]: options };
}
