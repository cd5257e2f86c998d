import type { Problem } from '@heddle/shared/errors/problem';
import type { Address, ListenAddress } from './address.ts';
import type { Cluster } from './cluster.ts';
import type { Listener } from './listener.ts';
import type { SourceConfig } from './resource-source.ts';
import type { Secret } from './secret.ts';
import type { Locality } from './locality.ts';

/** A bootstrap, decoded and checked. Times in ms. */
export interface Bootstrap {
  readonly node: NodeIdentity;
  /** Absent: no admin interface. */
  readonly admin?: { readonly address: ListenAddress };
  readonly staticListeners: readonly StaticResource<Listener>[];
  readonly staticClusters: readonly Cluster[];
  readonly staticSecrets: readonly StaticResource<Secret>[];
  /** How static clusters are reached that sources other than ADS go to; by name. */
  readonly grpcServers: ReadonlyMap<string, GrpcServer>;
  /** Absent: nothing may come over ADS, and nothing wants to. */
  readonly ads?: AdsConfig;
  /** `cluster_manager.load_stats_config`: who is told the load. Absent: nobody. */
  readonly loadStats?: AdsConfig;
  /** Absent: no clusters but the static ones. */
  readonly cds?: SourceConfig;
  /** Absent: no listeners but the static ones. */
  readonly lds?: SourceConfig;
  readonly runtime: RuntimeConfig;
  /** Fields that are set and have no effect, with the reason. */
  readonly ignored: readonly Problem[];
  /** For /config_dump. */
  readonly wire: BootstrapWire;
}

/** A bootstrap as bytes, made when they are asked for. */
export interface BootstrapWire {
  /** The `envoy.config.bootstrap.v3.Bootstrap` with all overrides. */
  bootstrap(): Uint8Array;
  /** One of `staticClusters` as `envoy.config.cluster.v3.Cluster`. @throws RangeError */
  cluster(index: number): Uint8Array;
}

export interface StaticResource<T> {
  readonly value: T;
  /** Wire bytes of its message. */
  readonly bytes: Uint8Array;
}

/** Who this proxy is to the control plane. */
export interface NodeIdentity {
  readonly id: string;
  readonly cluster: string;
  readonly locality: Locality;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly userAgentName: string;
  readonly userAgentVersion: string;
  /** Wire bytes of the `envoy.config.core.v3.Node`, as the first message of a stream carries it. */
  readonly bytes: Uint8Array;
}

/** `dynamic_resources.ads_config` and what it needs of its static cluster. */
export interface AdsConfig {
  readonly variant: 'sotw' | 'delta';
  readonly clusterName: string;
  /** HTTP/2 `:authority`. */
  readonly authority: string;
  /** At least one. */
  readonly addresses: readonly Address[];
  readonly initialMetadata: readonly { readonly key: string; readonly value: string }[];
  readonly connectTimeoutMs: number;
  readonly backOff: { readonly baseMs: number; readonly maxMs: number };
  /** Absent: the client's own choice. */
  readonly keepAlive?: { readonly intervalMs: number; readonly timeoutMs: number };
  /** Absent: requests are not limited. */
  readonly rateLimit?: { readonly maxTokens: number; readonly fillPerSecond: number };
}

/** What a static cluster says of the server of gRPC streams and polls. */
export type GrpcServer = Pick<AdsConfig, 'addresses' | 'connectTimeoutMs' | 'keepAlive'>;

/** `layered_runtime`. A later layer hides the same key of an earlier one. */
export interface RuntimeConfig {
  readonly layers: readonly RuntimeLayer[];
}

export interface RuntimeLayer {
  readonly name: string;
  /** `admin`: filled by the admin interface, empty at first. */
  readonly kind: 'static' | 'admin';
  /** Keys are dotted paths: `upstream.base_retry_backoff_ms`. */
  readonly values: Readonly<Record<string, RuntimeValue>>;
}

/** The effective values: of two layers that set a key, the later one. */
export type RuntimeValues = Readonly<Record<string, RuntimeValue>>;

export function effectiveRuntime({ layers }: RuntimeConfig): RuntimeValues {
  return Object.freeze(
    Object.assign({}, ...layers.map(({ values }) => values)) as Record<string, RuntimeValue>,
  );
}

export type RuntimeValue = number | string | boolean | { readonly perMillion: number };

/** A value that is no whole number counts as not set, as Envoy has it. */
export function runtimeCount(runtime: RuntimeValues, key: string): number | undefined {
  const value = runtime[key];
  const count = typeof value === 'string' ? Number(value) : value;
  return typeof count === 'number' && Number.isInteger(count) && count >= 0 ? count : undefined;
}
