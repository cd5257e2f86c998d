import { Client, credentials, type ClientDuplexStream } from '@grpc/grpc-js';
import { openAny } from '@heddle/shared/xds/any';
import { createAdsService } from '@heddle/shared/xds/ads-service';
import type { DeltaDiscoveryResponse, DiscoveryResponse } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import { loadApi } from '@heddle/shared/xds/xds-api';
import type { Harness } from '../../harness/harness.ts';
import type { ControlPlane } from '../../harness/parts.ts';
import type { MatrixClient } from './matrix-client.ts';

const api = loadApi();
const ads = createAdsService(api);
const reconnectLimitMs = 20_000;
const { cluster, listener, clusterLoadAssignment, routeConfiguration, secret } = typeUrls;
/** In the order in which an Envoy asks. */
const types = [cluster, clusterLoadAssignment, listener, routeConfiguration, secret];
/** Those that `spoil-resource.ts` makes wrong; of secrets it is the certificate that says so. */
const spoiled: ReadonlySet<string> = new Set([
  `${listener} service|spoiled-listener`,
  `${routeConfiguration} service|spoiled-routes`,
  `${cluster} spoiled-cluster`,
  `${clusterLoadAssignment} spoiled-endpoints`,
]);
const wildcardTypes: ReadonlySet<string> = new Set([cluster, listener]);

type Variant = 'state of the world' | 'delta';
type Stream = ClientDuplexStream<object, DiscoveryResponse | DeltaDiscoveryResponse>;

/** One resource of a response; `content` is the decoded message as text, with all that it wraps. */
interface Received {
  readonly name: string;
  readonly version: string;
  readonly content: string;
}

/** What the client knows of one type. */
class TypeView {
  readonly held = new Map<string, Received>();
  subscribed: readonly string[] = [];
  version = '';
  nonce = '';
}

/**
 * The protocol and nothing else, by the letter: it takes everything that it is offered, asks for what that names, and refuses
 * what is spoiled. It carries no traffic: a call through it comes to the state of the service's resources.
 */
export async function startRawClient(
  harness: Harness,
  variant: Variant,
  node: string,
  heddle: Readonly<Record<string, string | number | string[]>>,
  controlPlane: ControlPlane,
): Promise<MatrixClient> {
  const client = new RawClient(
    variant,
    { id: node, cluster: 'matrix', metadata: { heddle } },
    controlPlane.xdsPort,
  );
  harness.onEnd(() => Promise.resolve(client.close()));
  await client.connect();
  const outcome = (service: string): Promise<string> =>
    Promise.resolve(client.holds(clusterLoadAssignment, service) ? 'resources' : '! none');
  return {
    program: 'a raw client',
    variant: `ADS, ${variant}`,
    node,
    kind: 'raw',
    call: outcome,
    callAt: (_port, service) => outcome(service),
    isListening: () => Promise.resolve(false),
    forget: () => Promise.resolve(),
    rejectedCount: () => Promise.resolve(0),
  };
}

class RawClient {
  readonly #variant: Variant;
  readonly #node: object;
  readonly #channel: Client;
  readonly #views = new Map<string, TypeView>();
  #stream: Stream | undefined;
  #isClosed = false;

  constructor(variant: Variant, node: object, port: number) {
    this.#variant = variant;
    this.#node = node;
    this.#channel = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 200,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  holds(typeUrl: string, name: string): boolean {
    return this.#views.get(typeUrl)?.held.has(name) === true;
  }

  close(): void {
    this.#isClosed = true;
    this.#stream?.cancel();
    this.#channel.close();
  }

  async connect(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#channel.waitForReady(Date.now() + reconnectLimitMs, (error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
    const method = this.#variant === 'delta' ? ads.DeltaAggregatedResources : ads.StreamAggregatedResources;
    const { path, requestSerialize, responseDeserialize } = method;
    const stream = this.#channel.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize as (bytes: Buffer) => DiscoveryResponse | DeltaDiscoveryResponse,
    );
    this.#stream = stream;
    stream.on('data', (response: DiscoveryResponse | DeltaDiscoveryResponse) => this.#onResponse(response));
    stream.on('error', () => {
      if (!this.#isClosed) void this.connect().catch(() => undefined);
    });
    for (const view of this.#views.values()) view.nonce = '';
    for (const type of types) this.#sayFirst(type);
  }

  /** On a new stream: all that is wanted, and what is held. */
  #sayFirst(typeUrl: string): void {
    const view = this.#view(typeUrl);
    if (!wildcardTypes.has(typeUrl) && view.subscribed.length === 0) return;
    const versions = Object.fromEntries([...view.held].map(([name, { version }]) => [name, version]));
    const names = [...view.subscribed];
    this.#send(
      this.#variant === 'delta'
        ? { typeUrl, resourceNamesSubscribe: names, initialResourceVersions: versions }
        : { typeUrl, resourceNames: names, versionInfo: view.version },
    );
  }

  #onResponse(response: DiscoveryResponse | DeltaDiscoveryResponse): void {
    const view = this.#view(response.typeUrl);
    view.nonce = response.nonce;
    const received = receivedIn(response);
    const refused = received.filter(
      ({ name, content }) =>
        spoiled.has(`${response.typeUrl} ${name}`) ||
        (response.typeUrl === secret && content.includes('spoiled')),
    );
    const accepted = received.filter((resource) => !refused.includes(resource));
    if ('removedResources' in response) for (const name of response.removedResources) view.held.delete(name);
    else if (wildcardTypes.has(response.typeUrl)) {
      const names = new Set(received.map(({ name }) => name));
      for (const name of view.held.keys()) if (!names.has(name)) view.held.delete(name);
    }
    for (const resource of accepted) {
      // What comes for a name that was given up meanwhile is nobody's.
      const isWanted = wildcardTypes.has(response.typeUrl) || view.subscribed.includes(resource.name);
      if (isWanted) view.held.set(resource.name, resource);
    }
    if (refused.length === 0 && 'versionInfo' in response) view.version = response.versionInfo;
    this.#answer(
      response.typeUrl,
      refused.map(({ name }) => name),
    );
    if (wildcardTypes.has(response.typeUrl)) this.#followReferences();
  }

  #answer(typeUrl: string, refused: readonly string[]): void {
    const { nonce, version, subscribed } = this.#view(typeUrl);
    const errorDetail = { code: 13, message: `refused: ${refused.join(', ')}` };
    this.#send({
      typeUrl,
      responseNonce: nonce,
      ...(this.#variant === 'delta' ? {} : { versionInfo: version, resourceNames: subscribed }),
      ...(refused.length === 0 ? {} : { errorDetail }),
    });
  }

  /** Endpoints of clusters, routes of listeners, secrets of both. */
  #followReferences(): void {
    const contents = [cluster, listener].flatMap((type) =>
      [...this.#view(type).held.values()].map(({ content }) => content),
    );
    const namedBy = (pattern: RegExp): string[] =>
      contents.flatMap((content) => [...content.matchAll(pattern)].map((match) => match[1] ?? ''));
    const clusters = [...this.#view(cluster).held.values()];
    const eds = clusters.filter(({ content }) => content.includes('"edsConfig"')).map(({ name }) => name);
    this.#subscribe(clusterLoadAssignment, eds);
    this.#subscribe(routeConfiguration, namedBy(/"routeConfigName":"([^"]+)"/g));
    this.#subscribe(secret, namedBy(/"name":"([^"]+)","sdsConfig"/g));
  }

  #subscribe(typeUrl: string, wanted: readonly string[]): void {
    const view = this.#view(typeUrl);
    const names = [...new Set(wanted)].sort();
    const added = names.filter((name) => !view.subscribed.includes(name));
    const dropped = view.subscribed.filter((name) => !names.includes(name));
    if (added.length + dropped.length === 0) return;
    view.subscribed = names;
    for (const name of dropped) view.held.delete(name);
    this.#send(
      this.#variant === 'delta'
        ? { typeUrl, resourceNamesSubscribe: added, resourceNamesUnsubscribe: dropped }
        : { typeUrl, resourceNames: names, responseNonce: view.nonce, versionInfo: view.version },
    );
  }

  #send(request: MessageInit<object>): void {
    this.#stream?.write({ ...request, node: this.#node });
  }

  #view(typeUrl: string): TypeView {
    let view = this.#views.get(typeUrl);
    if (view === undefined) this.#views.set(typeUrl, (view = new TypeView()));
    return view;
  }
}

function receivedIn(response: DiscoveryResponse | DeltaDiscoveryResponse): Received[] {
  const entries =
    'removedResources' in response
      ? response.resources.map(({ resource, version }) => ({ any: resource, version }))
      : response.resources.map((any) => ({ any, version: '' }));
  return entries.flatMap(({ any, version }) => {
    if (any === undefined) return [];
    const message = openAny(api, any).message as { readonly name?: string; readonly clusterName?: string };
    const content = JSON.stringify(message, (_key, value: unknown) =>
      isAny(value) ? openAny(api, value).message : value,
    );
    return { name: message.name ?? message.clusterName ?? '', version, content };
  });
}

function isAny(value: unknown): value is { typeUrl: string; value: Uint8Array } {
  return typeof value === 'object' && value !== null && 'typeUrl' in value && 'value' in value;
}
