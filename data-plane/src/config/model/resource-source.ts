import type { AdsConfig } from './bootstrap.ts';

/** Where resources come from: what a `ConfigSource` says. Times in ms. */
export type ResourceSource =
  | { readonly kind: 'ads' }
  /** A file with a `DiscoveryResponse`, read again when it is renamed into place. */
  | { readonly kind: 'file'; readonly path: string; readonly watchedDirectory?: string }
  /** A gRPC stream of its own to a static cluster. */
  | { readonly kind: 'grpc'; readonly service: GrpcService }
  /** Polling of a static cluster over HTTP. */
  | { readonly kind: 'rest'; readonly service: RestService };

/** What `api_config_source` says; addresses and time-outs are those of the cluster. */
export type GrpcService = Omit<AdsConfig, 'addresses' | 'connectTimeoutMs' | 'keepAlive'>;

export interface RestService {
  readonly clusterName: string;
  /** A poll follows the one before after this and up to as much again. */
  readonly refreshDelayMs: number;
  readonly requestTimeoutMs: number;
}

/** A `ConfigSource` as a whole. */
export interface SourceConfig {
  readonly source: ResourceSource;
  /** 0 = wait for ever. */
  readonly initialFetchTimeoutMs: number;
}

/** Equal for equal sources; empty for ADS, which needs no telling apart. */
export function sourceKey(source: ResourceSource): string {
  return source.kind === 'ads' ? '' : JSON.stringify(source);
}

/** The static cluster that a source goes to. */
export function clusterOfSource(source: ResourceSource): string | undefined {
  return source.kind === 'grpc' || source.kind === 'rest' ? source.service.clusterName : undefined;
}
