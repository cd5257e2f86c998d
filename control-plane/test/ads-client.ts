import { Client, credentials, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { createAdsService } from '@heddle/shared/xds/ads-service';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
  Node,
} from '@heddle/shared/xds/api';
import {
  deltaMethod,
  sotwMethod,
  type DeltaMethod,
  type SotwMethod,
} from '@heddle/shared/xds/discovery-method';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { loadApi } from '@heddle/shared/xds/xds-api';

export const api = loadApi();
const ads = createAdsService(api);

/** Streams of the service of one type. */
export const clusterService = 'envoy.service.cluster.v3.ClusterDiscoveryService';
export const endpointService = 'envoy.service.endpoint.v3.EndpointDiscoveryService';
export const streamClusters = sotwMethod(api, clusterService, 'StreamClusters');
export const deltaClusters = deltaMethod(api, clusterService, 'DeltaClusters');
export const streamEndpoints = sotwMethod(api, endpointService, 'StreamEndpoints');

const timeoutMs = 5_000;

/**
 * A raw ADS client: it says exactly what the test tells it to say, and keeps every answer. Disposing it ends the
 * stream and the connection.
 */
export class AdsClient<Q, R extends { readonly typeUrl: string; readonly nonce: string }> {
  readonly responses: R[] = [];
  error: ServiceError | undefined;
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<MessageInit<Q>, R>;
  readonly #taken = new Set<R>();
  #wakeUps: (() => void)[] = [];

  constructor(client: Client, stream: ClientDuplexStream<MessageInit<Q>, R>) {
    this.#client = client;
    this.#stream = stream;
    stream.on('data', (response: R) => {
      this.responses.push(response);
      this.#wake();
    });
    stream.on('error', (error: ServiceError) => {
      this.error = error;
      this.#wake();
    });
  }

  send(request: MessageInit<Q>): void {
    this.#stream.write(request);
  }

  /** The next response of the type that was not taken yet. */
  async next(typeUrl: string): Promise<R> {
    const find = (): R | undefined =>
      this.responses.find((response) => response.typeUrl === typeUrl && !this.#taken.has(response));
    await this.until(() => find() !== undefined, `a response of ${typeUrl}`);
    const response = find()!;
    this.#taken.add(response);
    return response;
  }

  /** Whether a response of the type waits to be taken. Meaningful after something later was received. */
  hasNext(typeUrl: string): boolean {
    return this.responses.some((response) => response.typeUrl === typeUrl && !this.#taken.has(response));
  }

  /** Of the last response of the type; empty before the first. */
  lastNonceOf(typeUrl: string): string {
    return this.responses.findLast((response) => response.typeUrl === typeUrl)?.nonce ?? '';
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`no ${what} within ${timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50);
        this.#wakeUps.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  [Symbol.dispose](): void {
    this.#stream.on('error', () => undefined);
    this.#stream.cancel();
    this.#client.close();
  }

  #wake(): void {
    const wakeUps = this.#wakeUps;
    this.#wakeUps = [];
    for (const wakeUp of wakeUps) wakeUp();
  }
}

export type SotwClient = AdsClient<DiscoveryRequest, DiscoveryResponse>;
export type DeltaClient = AdsClient<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

function connect(port: number): Client {
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
}

/** To the aggregated service unless another method is given. */
export function connectSotw(port: number, method: SotwMethod = ads.StreamAggregatedResources): SotwClient {
  const client = connect(port);
  const { path, requestSerialize, responseDeserialize } = method;
  return new AdsClient(client, client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize));
}

export function connectDelta(port: number, method: DeltaMethod = ads.DeltaAggregatedResources): DeltaClient {
  const client = connect(port);
  const { path, requestSerialize, responseDeserialize } = method;
  return new AdsClient(client, client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize));
}

/** Asks once; rejects with the status of the call. */
export function fetchOnce(
  port: number,
  service: string,
  method: string,
  request: MessageInit<DiscoveryRequest>,
): Promise<DiscoveryResponse> {
  const client = connect(port);
  const { path, requestSerialize, responseDeserialize } = sotwMethod(api, service, method, 'fetch');
  return new Promise<DiscoveryResponse>((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, response) => {
      if (error === null && response !== undefined) resolve(response);
      else reject(error ?? new Error('no response'));
    });
  }).finally(() => client.close());
}

export function nodeNamed(
  id: string,
  heddle?: Record<string, string | number | boolean | string[]>,
): MessageInit<Node> {
  return { id, cluster: 'test', ...(heddle === undefined ? {} : { metadata: { heddle } }) };
}

export function ackOf(
  response: DiscoveryResponse,
  resourceNames: readonly string[] = [],
): MessageInit<DiscoveryRequest> {
  const { typeUrl, nonce, versionInfo } = response;
  return { typeUrl, responseNonce: nonce, versionInfo, resourceNames };
}

export function deltaAckOf({ typeUrl, nonce }: DeltaDiscoveryResponse): MessageInit<DeltaDiscoveryRequest> {
  return { typeUrl, responseNonce: nonce };
}

export const refusal = { code: 13, message: 'refused for the test' } as const;
