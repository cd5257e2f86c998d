import { toTypeName } from '@heddle/shared/xds/type-urls';
import type {
  Cluster as ClusterMessage,
  Cluster_SlowStartConfig,
  LocalityLbConfig,
} from '@heddle/shared/xds/api';
import type { LoadBalancerPolicy, SlowStart } from '../model/cluster.ts';
import type { DecodeContext } from './decode-context.ts';
import { defined, percentOr, toMsOr } from './scalars.ts';

const policies = 'envoy.extensions.load_balancing_policies';
const roundRobin = `${policies}.round_robin.v3.RoundRobin` as const;
const leastRequest = `${policies}.least_request.v3.LeastRequest` as const;
const random = `${policies}.random.v3.Random` as const;
const known = [roundRobin, leastRequest, random] as const;

const defaultChoiceCount = 2;
const defaultActiveRequestBias = 1;
const defaultMinWeightPercent = 10;

export interface DecodedLoadBalancer {
  readonly policy: LoadBalancerPolicy;
  /** Undefined: the policy does not say; `common_lb_config` does. */
  readonly isLocalityWeighted?: boolean;
}

const fallback: DecodedLoadBalancer = { policy: { kind: 'round-robin' } };

/** `load_balancing_policy` where it is set, else `lb_policy` with its configuration. */
export function decodeLoadBalancer(
  context: DecodeContext,
  message: ClusterMessage,
  path: string,
): DecodedLoadBalancer {
  if (message.loadBalancingPolicy !== undefined) return decodeTyped(context, message, path);
  switch (message.lbPolicy) {
    case 'LEAST_REQUEST':
      return { policy: toLeastRequest(message.leastRequestLbConfig) };
    case 'RANDOM':
      return { policy: { kind: 'random' } };
    case 'LOAD_BALANCING_POLICY_CONFIG':
      context.refuse(path === '' ? 'load_balancing_policy' : `${path}.load_balancing_policy`, 'is missing');
      return fallback;
    default:
      return { policy: { kind: 'round-robin', ...slowStart(message.roundRobinLbConfig?.slowStartConfig) } };
  }
}

/** The first policy of the list that is known counts. */
function decodeTyped(context: DecodeContext, message: ClusterMessage, path: string): DecodedLoadBalancer {
  const listPath = `${path === '' ? '' : `${path}.`}load_balancing_policy.policies`;
  const list = message.loadBalancingPolicy?.policies ?? [];
  for (const [i, { typedExtensionConfig }] of list.entries()) {
    const any = typedExtensionConfig?.typedConfig;
    const type = known.find((candidate) => candidate === toTypeName(any?.typeUrl ?? ''));
    if (any === undefined || type === undefined) continue;
    const anyPath = `${listPath}[${i}].typed_extension_config.typed_config`;
    if (type === roundRobin) {
      const config = context.unpack(type, any, anyPath);
      return {
        policy: { kind: 'round-robin', ...slowStart(config?.slowStartConfig) },
        ...localityWeighting(config?.localityLbConfig),
      };
    }
    if (type === leastRequest) {
      const config = context.unpack(type, any, anyPath);
      return { policy: toLeastRequest(config), ...localityWeighting(config?.localityLbConfig) };
    }
    return {
      policy: { kind: 'random' },
      ...localityWeighting(context.unpack(type, any, anyPath)?.localityLbConfig),
    };
  }
  context.refuse(listPath, `name no policy that Heddle supports (supported: ${known.join(', ')})`);
  return fallback;
}

interface LeastRequestFields {
  readonly choiceCount?: number;
  readonly activeRequestBias?: { readonly defaultValue: number };
  readonly slowStartConfig?: Cluster_SlowStartConfig;
}

function toLeastRequest(config: LeastRequestFields | undefined): LoadBalancerPolicy {
  return {
    kind: 'least-request',
    choiceCount: config?.choiceCount ?? defaultChoiceCount,
    activeRequestBias: config?.activeRequestBias?.defaultValue ?? defaultActiveRequestBias,
    ...slowStart(config?.slowStartConfig),
  };
}

function slowStart(config: Cluster_SlowStartConfig | undefined): { slowStart?: SlowStart } {
  const windowMs = toMsOr(config?.slowStartWindow, 0);
  if (config === undefined || windowMs === 0) return {};
  return {
    slowStart: {
      windowMs,
      aggression: config.aggression?.defaultValue ?? 1,
      minWeightPercent: percentOr(config.minWeightPercent, defaultMinWeightPercent),
    },
  };
}

function localityWeighting(
  config: LocalityLbConfig | undefined,
): Pick<DecodedLoadBalancer, 'isLocalityWeighted'> {
  return defined<Pick<DecodedLoadBalancer, 'isLocalityWeighted'>>({
    isLocalityWeighted: config === undefined ? undefined : config.localityWeightedLbConfig !== undefined,
  });
}
