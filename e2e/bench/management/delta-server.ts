import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { createAdsService } from '@heddle/shared/xds/ads-service';
import type { DeltaDiscoveryRequest } from '@heddle/shared/xds/api';
import type { XdsApi } from '@heddle/shared/xds/xds-api';

export interface NamedResource {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What is sent for a type: everything under names, of which a subscription gets those that it asks for. */
export type Resources = ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;

const resourcesPerResponse = 1000;

/**
 * Delta ADS for one proxy at a time. It knows which responses are not acknowledged yet, and when each was sent; it answers
 * subscriptions from `resources`, and whoever changes these says so by {@link push}.
 */
export class DeltaServer {
  readonly #api: XdsApi;
  readonly #resources: Resources;
  readonly #server = new Server();
  readonly #sentMs = new Map<string, number>();
  #stream: ServerDuplexStream<DeltaDiscoveryRequest, object> | undefined;
  #count = 0;
  /** Milliseconds from a response to its acknowledgement; and a refusal, which is the end of a measurement. */
  onAcknowledged: (ms: number) => void = () => undefined;
  onRefused: (message: string) => void = () => undefined;
  onSubscribed: (typeUrl: string, names: readonly string[]) => void = () => undefined;

  constructor(api: XdsApi, resources: Resources) {
    this.#api = api;
    this.#resources = resources;
  }

  /** Resolves with its port on 127.0.0.1. */
  async listen(): Promise<number> {
    this.#server.addService(createAdsService(this.#api), {
      DeltaAggregatedResources: (stream: ServerDuplexStream<DeltaDiscoveryRequest, object>) =>
        this.#serve(stream),
      StreamAggregatedResources: (stream: ServerDuplexStream<unknown, unknown>) =>
        stream.destroy(new Error('only delta is served here')),
    });
    return await new Promise((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) resolve(port);
        else reject(error);
      });
    });
  }

  get unacknowledgedCount(): number {
    return this.#sentMs.size;
  }

  push(typeUrl: string, changed: readonly NamedResource[]): void {
    for (let start = 0; start < changed.length; start += resourcesPerResponse) {
      const nonce = String(++this.#count);
      this.#sentMs.set(nonce, performance.now());
      this.#stream?.write({
        typeUrl,
        nonce,
        systemVersionInfo: nonce,
        removedResources: [],
        removedResourceNames: [],
        resourceErrors: [],
        resources: changed.slice(start, start + resourcesPerResponse).map(({ name, bytes }) => ({
          name,
          version: nonce,
          aliases: [],
          resource: { typeUrl, value: bytes },
        })),
      });
    }
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #serve(stream: ServerDuplexStream<DeltaDiscoveryRequest, object>): void {
    this.#stream = stream;
    this.#sentMs.clear();
    stream.on('data', (request: DeltaDiscoveryRequest) => this.#answer(request));
    stream.on('error', () => undefined);
    stream.on('end', () => stream.end());
  }

  #answer({ typeUrl, responseNonce, errorDetail, resourceNamesSubscribe }: DeltaDiscoveryRequest): void {
    if (errorDetail !== undefined) this.onRefused(`${typeUrl}: ${errorDetail.message}`);
    const sentMs = this.#sentMs.get(responseNonce);
    if (sentMs !== undefined) {
      this.#sentMs.delete(responseNonce);
      this.onAcknowledged(performance.now() - sentMs);
    }
    // The first request of a type is its wildcard, where it names nothing; an acknowledgement names nothing either.
    const isWildcard = responseNonce === '' && resourceNamesSubscribe.length === 0;
    const all = this.#resources.get(typeUrl) ?? new Map<string, Uint8Array>();
    const names =
      isWildcard || resourceNamesSubscribe.includes('*') ? [...all.keys()] : resourceNamesSubscribe;
    if (names.length === 0) return;
    this.onSubscribed(typeUrl, names);
    this.push(
      typeUrl,
      names.flatMap((name) => {
        const bytes = all.get(name);
        return bytes === undefined ? [] : [{ name, bytes }];
      }),
    );
  }
}
