import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
  ApiMessages,
} from './api.ts';
import type { MessageInit } from './message-init.ts';
import type { ApiTypeName, XdsApi } from './xds-api.ts';

/** A message to send: a value, or its bytes when they are ready-made (one encoding for many streams). */
export type Outgoing<T> = MessageInit<T> | Buffer;

/** One method, as a grpc-js client calls it and as a grpc-js server serves it. */
export interface AdsMethod<Q, R> {
  readonly path: string;
  readonly originalName: string;
  readonly requestStream: true;
  readonly responseStream: true;
  readonly requestSerialize: (message: Outgoing<Q>) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => Q;
  readonly responseSerialize: (message: Outgoing<R>) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => R;
}

/**
 * The two variants of the aggregated discovery service. Both stream in both directions.
 * An alias, since grpc-js wants an index signature, which interfaces lack.
 */
export type AdsService = {
  readonly StreamAggregatedResources: AdsMethod<DiscoveryRequest, DiscoveryResponse>;
  readonly DeltaAggregatedResources: AdsMethod<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;
};

const serviceName = 'envoy.service.discovery.v3.AggregatedDiscoveryService';
const discovery = 'envoy.service.discovery.v3';

/** Definition for `Server.addService` and for `makeGenericClientConstructor` (or `Client.makeBidiStreamRequest`). */
export function createAdsService(api: XdsApi): AdsService {
  return {
    StreamAggregatedResources: bidirectional(
      api,
      'StreamAggregatedResources',
      `${discovery}.DiscoveryRequest`,
      `${discovery}.DiscoveryResponse`,
    ),
    DeltaAggregatedResources: bidirectional(
      api,
      'DeltaAggregatedResources',
      `${discovery}.DeltaDiscoveryRequest`,
      `${discovery}.DeltaDiscoveryResponse`,
    ),
  };
}

function bidirectional<Q extends ApiTypeName, R extends ApiTypeName>(
  api: XdsApi,
  method: string,
  requestType: Q,
  responseType: R,
): AdsMethod<ApiMessages[Q], ApiMessages[R]> {
  return {
    path: `/${serviceName}/${method}`,
    originalName: method,
    requestStream: true,
    responseStream: true,
    requestSerialize: serializer(api, requestType),
    requestDeserialize: (bytes) => api.decode(requestType, bytes),
    responseSerialize: serializer(api, responseType),
    responseDeserialize: (bytes) => api.decode(responseType, bytes),
  };
}

function serializer<N extends ApiTypeName>(
  api: XdsApi,
  typeName: N,
): (message: Outgoing<ApiMessages[N]>) => Buffer {
  return (message) => (Buffer.isBuffer(message) ? message : api.encode(typeName, message));
}
