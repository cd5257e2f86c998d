import { packAny } from '@heddle/shared/xds/any';
import type { Policy, PolicySpec } from '@heddle/shared/model/policy';
import type { Service } from '@heddle/shared/model/service';
import type { Cluster, LoadBalancingPolicy_Policy, TransportSocket } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { LeftOut } from './left-out.ts';
import { mergePolicies, protocolOf } from './mesh.ts';
import { configSourceOf, extension } from './message-parts.ts';
import { clusterName } from './resource-names.ts';
import { referTo, type TranslatedOf } from './translated.ts';

const policies = 'envoy.extensions.load_balancing_policies';

/**
 * The cluster of a service, or of its instances of one version, with the fields alone that gRPC reads (gRFC A27, A29,
 * A32, A52). Endpoints are those of everybody.
 */
export function buildGrpcCluster(
  api: XdsApi,
  service: Service,
  version: string | undefined,
  servicePolicies: readonly Policy[],
  certificateProvider: string,
): TranslatedOf<'envoy.config.cluster.v3.Cluster'> {
  const name = clusterName({ service: service.metadata.name, version });
  const policy = mergePolicies(servicePolicies);
  const maxRequests = policy.circuitBreaker?.maxRequests;
  return {
    typeName: 'envoy.config.cluster.v3.Cluster',
    name,
    references: [referTo('clusterLoadAssignment', name)],
    leftOut: leftOutOf(service, policy),
    value: {
      name,
      type: 'EDS',
      edsClusterConfig: { edsConfig: configSourceOf(undefined) },
      ...loadBalancing(api, policy.loadBalancer),
      circuitBreakers:
        maxRequests === undefined ? undefined : { thresholds: [{ priority: 'DEFAULT', maxRequests }] },
      transportSocket:
        service.spec?.tls === undefined
          ? undefined
          : buildProvidedSocket(api, service.metadata.name, certificateProvider),
    },
  };
}

function leftOutOf(service: Service, policy: Partial<PolicySpec>): LeftOut[] {
  const leftOut: LeftOut[] = [];
  const add = (part: string, reason: string): void => void leftOut.push({ part, reason });
  const protocol = protocolOf(service);
  if (protocol === 'http' || protocol === 'tcp')
    add('Service protocol', `is ${protocol}; calls over gRPC need instances of protocol http2 or grpc`);
  if (policy.healthCheck !== undefined)
    add('Policy healthCheck', 'a gRPC client checks no health; that of discovery counts');
  const limits = Object.keys(policy.circuitBreaker ?? {}).filter((limit) => limit !== 'maxRequests');
  if (limits.length > 0)
    add('Policy circuitBreaker', `a gRPC client knows maxRequests alone, not ${limits.join(', ')}`);
  for (const timeout of ['connect', 'idle'] as const) {
    if (policy.timeouts?.[timeout] !== undefined)
      add(`Policy timeouts.${timeout}`, 'the channel of a gRPC client sets it');
  }
  if (policy.loadBalancer?.policy === 'random')
    add('Policy loadBalancer', 'gRPC has no random; it is round robin');
  if (policy.loadBalancer?.policy === 'leastRequest')
    add('Policy loadBalancer', 'a gRPC client that has no least request uses round robin');
  return leftOut;
}

/** Those that know no list of policies, or none of `leastRequest`, take the other: an unknown one would be refused. */
function loadBalancing(api: XdsApi, loadBalancer: PolicySpec['loadBalancer']): MessageInit<Cluster> {
  if (loadBalancer?.policy !== 'leastRequest') return { lbPolicy: 'ROUND_ROBIN' };
  const { choiceCount } = loadBalancer;
  const config = choiceCount === undefined ? {} : { choiceCount };
  return {
    lbPolicy: 'ROUND_ROBIN',
    loadBalancingPolicy: {
      policies: [
        toPolicy(
          extension(
            api,
            'envoy.load_balancing_policies.least_request',
            `${policies}.least_request.v3.LeastRequest`,
            config,
          ),
        ),
        toPolicy(
          extension(
            api,
            'envoy.load_balancing_policies.round_robin',
            `${policies}.round_robin.v3.RoundRobin`,
            {},
          ),
        ),
      ],
    },
  };
}

function toPolicy(
  typedExtensionConfig: ReturnType<typeof extension>,
): MessageInit<LoadBalancingPolicy_Policy> {
  return { typedExtensionConfig };
}

/** gRPC has no SDS: certificates and authorities come from a provider of its bootstrap, which the cluster names. */
function buildProvidedSocket(
  api: XdsApi,
  service: string,
  instanceName: string,
): MessageInit<TransportSocket> {
  const typedConfig = packAny(api, 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
    sni: service,
    commonTlsContext: {
      tlsCertificateProviderInstance: { instanceName },
      validationContext: {
        caCertificateProviderInstance: { instanceName },
        // The form that gRPC reads.
        matchSubjectAltNames: [{ exact: service }],
      },
    },
  });
  return { name: 'envoy.transport_sockets.tls', typedConfig };
}
