import { durationMs } from '@heddle/shared/model/duration';
import type { Address, Any, ApiMessages, ConfigSource, Duration } from '@heddle/shared/xds/api';
import { packAny } from '@heddle/shared/xds/any';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { fromMs } from '@heddle/shared/xds/milliseconds';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { SeparateSource } from './node-scope.ts';

/** Everything that proxies fetch comes over the one ADS stream, unless they said that they have none. */
export function configSourceOf(source: SeparateSource | undefined): MessageInit<ConfigSource> {
  if (source === undefined) return { ads: {}, resourceApiVersion: 'V3' };
  const { cluster, apiType, refreshMs } = source;
  const to =
    apiType === 'REST'
      ? { clusterNames: [cluster], refreshDelay: fromMs(refreshMs) }
      : { grpcServices: [{ envoyGrpc: { clusterName: cluster } }] };
  return {
    resourceApiVersion: 'V3',
    apiConfigSource: { apiType, transportApiVersion: 'V3', ...to },
  };
}

/** What tells resources apart that are fetched from different places; a part of their keys. */
export function sourceKey(source: SeparateSource | undefined): string {
  return source === undefined ? '' : ` from ${JSON.stringify(source)}`;
}

/** Of a Gateway API duration such as `1m30s`. */
export function toDuration(text: string): MessageInit<Duration> {
  return fromMs(durationMs(text));
}

/** IPv4 and IPv6 alike: Envoy's `address` has no brackets. */
export function tcpAddress(address: string, port: number): MessageInit<Address> {
  return { socketAddress: { address, portValue: port } };
}

/** A named extension: a filter, a predicate. */
export function extension<N extends keyof ApiMessages>(
  api: XdsApi,
  name: string,
  typeName: N,
  value: MessageInit<ApiMessages[N]>,
): { readonly name: string; readonly typedConfig: Any } {
  return { name, typedConfig: packAny(api, typeName, value) };
}
