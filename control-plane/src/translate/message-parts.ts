import { durationMs } from '@heddle/shared/model/duration';
import type { Address, Any, ApiMessages, ConfigSource, Duration } from '@heddle/shared/xds/api';
import { packAny } from '@heddle/shared/xds/any';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import type { XdsApi } from '@heddle/shared/xds/xds-api';

/** Everything that proxies fetch comes over the one ADS stream. */
export const fromAds: MessageInit<ConfigSource> = { ads: {}, resourceApiVersion: 'V3' };

/** Of a Gateway API duration such as `1m30s`. */
export function toDuration(text: string): MessageInit<Duration> {
  return fromMs(durationMs(text));
}

export function fromMs(ms: number): MessageInit<Duration> {
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
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
