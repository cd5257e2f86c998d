import type { ApiMessages } from './api.ts';
import type { MessageInit } from './message-init.ts';
import type { ApiTypeName, XdsApi } from './xds-api.ts';

/** A message to send: a value, or its bytes when they are ready-made (one encoding for many streams). */
export type Outgoing<T> = MessageInit<T> | Buffer;

/** One method, as a grpc-js client calls it and as a grpc-js server serves it. */
export interface DiscoveryMethod<Q, R> {
  readonly path: string;
  readonly originalName: string;
  /** Discovery streams in both directions, but for the methods that fetch once. */
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (message: Outgoing<Q>) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => Q;
  readonly responseSerialize: (message: Outgoing<R>) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => R;
}

type MethodOf<Q extends ApiTypeName, R extends ApiTypeName> = DiscoveryMethod<ApiMessages[Q], ApiMessages[R]>;

const discovery = 'envoy.service.discovery.v3';

export type SotwMethod = MethodOf<
  `${typeof discovery}.DiscoveryRequest`,
  `${typeof discovery}.DiscoveryResponse`
>;
export type DeltaMethod = MethodOf<
  `${typeof discovery}.DeltaDiscoveryRequest`,
  `${typeof discovery}.DeltaDiscoveryResponse`
>;

/** A method in state of the world: a stream, or one request and one response. */
export function sotwMethod(
  api: XdsApi,
  service: string,
  method: string,
  kind: 'stream' | 'fetch' = 'stream',
): SotwMethod {
  const request = `${discovery}.DiscoveryRequest` as const;
  return apiMethod(api, service, method, kind, request, `${discovery}.DiscoveryResponse`);
}

/** A method of the incremental variant, which only streams. */
export function deltaMethod(api: XdsApi, service: string, method: string): DeltaMethod {
  const request = `${discovery}.DeltaDiscoveryRequest` as const;
  return apiMethod(api, service, method, 'stream', request, `${discovery}.DeltaDiscoveryResponse`);
}

/** Any method of the API that streams both ways, or neither. */
export function apiMethod<Q extends ApiTypeName, R extends ApiTypeName>(
  api: XdsApi,
  service: string,
  method: string,
  kind: 'stream' | 'fetch',
  requestType: Q,
  responseType: R,
): MethodOf<Q, R> {
  return {
    path: `/${service}/${method}`,
    originalName: method,
    requestStream: kind === 'stream',
    responseStream: kind === 'stream',
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
