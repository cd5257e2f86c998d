import { toTypeName } from '@heddle/shared/xds/type-urls';
import type {
  Cluster as ClusterMessage,
  DnsCluster,
  Duration,
  TypedExtensionConfig,
} from '@heddle/shared/xds/api';
import { toMs } from '@heddle/shared/xds/milliseconds';
import type { DnsSettings } from '../model/cluster.ts';
import { joinPath, type DecodeContext } from './decode-context.ts';
import { defined, toMsOr } from './scalars.ts';

export const dnsClusterType = 'envoy.extensions.clusters.dns.v3.DnsCluster';

const resolverTypes = [
  'envoy.extensions.network.dns_resolver.getaddrinfo.v3.GetAddrInfoDnsResolverConfig',
  'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
] as const;

const defaultRefreshRateMs = 5000;
/** Envoy's maximum where none is given, in multiples of the base. */
const defaultFailureFactor = 10;

const lookupFamilies = {
  UNSPECIFIED: 'auto',
  AUTO: 'auto',
  V4_ONLY: 'v4-only',
  V6_ONLY: 'v6-only',
  V4_PREFERRED: 'v4-preferred',
  ALL: 'all',
} as const;

/** The deprecated fields of the cluster itself. */
export function decodeDnsFields(context: DecodeContext, message: ClusterMessage, path: string): DnsSettings {
  checkDnsResolver(context, message.typedDnsResolverConfig, joinPath(path, 'typed_dns_resolver_config'));
  return toSettings(context, message, message.waitForWarmOnInit ?? true, path);
}

/** The typed cluster that replaces them. */
export function decodeDnsCluster(
  context: DecodeContext,
  dns: DnsCluster,
  cluster: ClusterMessage,
  path: string,
): DnsSettings {
  checkDnsResolver(context, dns.typedDnsResolverConfig, `${path}.typed_dns_resolver_config`);
  return toSettings(context, dns, cluster.waitForWarmOnInit ?? true, path);
}

/** What both have in common. */
interface DnsFields {
  readonly dnsRefreshRate?: Duration;
  readonly dnsJitter?: Duration;
  readonly dnsFailureRefreshRate?: { readonly baseInterval?: Duration; readonly maxInterval?: Duration };
  readonly respectDnsTtl: boolean;
  readonly dnsLookupFamily: keyof typeof lookupFamilies;
}

function toSettings(
  context: DecodeContext,
  fields: DnsFields,
  waitForWarmOnInit: boolean,
  path: string,
): DnsSettings {
  const failure = fields.dnsFailureRefreshRate;
  const baseMs = failure?.baseInterval === undefined ? undefined : toMs(failure.baseInterval);
  const maxMs =
    baseMs === undefined ? undefined : toMsOr(failure?.maxInterval, baseMs * defaultFailureFactor);
  if (baseMs !== undefined && maxMs !== undefined && maxMs < baseMs) {
    context.refuse(
      joinPath(path, 'dns_failure_refresh_rate.max_interval'),
      'must not be less than base_interval',
    );
  }
  return {
    refreshRateMs: toMsOr(fields.dnsRefreshRate, defaultRefreshRateMs),
    jitterMs: toMsOr(fields.dnsJitter, 0),
    respectDnsTtl: fields.respectDnsTtl,
    lookupFamily: lookupFamilies[fields.dnsLookupFamily],
    waitForWarmOnInit,
    ...defined<Pick<DnsSettings, 'failureRefreshBaseMs' | 'failureRefreshMaxMs'>>({
      failureRefreshBaseMs: baseMs,
      failureRefreshMaxMs: maxMs,
    }),
  };
}

/** The operating system resolves. A resolver with name servers of its own would be another one. */
export function checkDnsResolver(
  context: DecodeContext,
  message: TypedExtensionConfig | undefined,
  path: string,
): void {
  if (message === undefined) return;
  const any = message.typedConfig;
  const type = resolverTypes.find((candidate) => candidate === toTypeName(any?.typeUrl ?? ''));
  if (any === undefined || type === undefined) context.refuseType(any, message.name, path, resolverTypes);
  else context.unpack(type, any, `${path}.typed_config`);
}
