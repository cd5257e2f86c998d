import type { CertificateFiles } from './certificate-files.ts';

/** A proxy under test: listens on `port`, forwards everything for `bench.test` to `upstreamPort`, all on 127.0.0.1. */
export interface Proxy {
  /** `envoy`, or with a variant `envoy (tuned)`. */
  readonly name: string;
  /** Path of the program; undefined: this machine does not have it. */
  readonly program: string | undefined;
  /** Whether it has Envoy's admin interface on `adminPort`. */
  readonly hasAdmin: boolean;
  /** Whether it can do that at all. */
  speaks(protocols: Protocols): boolean;
  /** Writes what it needs into `folder` and returns its command line. */
  prepare(folder: string, setup: ProxySetup): readonly string[];
}

/**
 * `auto`: HTTP/1.1 and HTTP/2 on one port. `grpc`: HTTP/2 that carries gRPC, which some know and no other HTTP/2. `tcp`:
 * bytes are passed on, whatever they mean.
 */
export interface Protocols {
  readonly downstream: 'http1' | 'http2' | 'auto' | 'tcp';
  readonly upstream: 'http1' | 'http2' | 'grpc' | 'tcp';
  /** With clients, in the clear unless given; `mutual`: only of those with a certificate of our authority. */
  readonly downstreamTls?: 'server' | 'mutual';
  /** With the upstream, the client's certificate included. */
  readonly upstreamTls?: 'mutual';
}

export const http1: Protocols = { downstream: 'http1', upstream: 'http1' };

export const isClearText = ({ downstreamTls, upstreamTls }: Protocols): boolean =>
  downstreamTls === undefined && upstreamTls === undefined;

export interface ProxySetup {
  readonly protocols: Protocols;
  /** Of whatever is TLS. */
  readonly certificates: CertificateFiles;
  readonly port: number;
  readonly upstreamPort: number;
  readonly adminPort: number;
  /** Where paths under `/abuse/` go, of proxies that read our bootstrap file; without it, to the same upstream. */
  readonly abuseUpstreamPort?: number;
  /** The same of `/abuse-http2/`, over HTTP/2. */
  readonly abuseHttp2UpstreamPort?: number;
  /** Clusters beside the one that is used, none of them reachable. */
  readonly unusedClusters: number;
}

export const benchHost = 'bench.test';
/** Of TLS 1.3: what Envoy picks, and what others are told to. */
export const benchCipher = 'TLS_AES_128_GCM_SHA256';
export const endpointsPerUnusedCluster = 10;
/** Downstream connections that a proxy must be able to hold. */
export const maxConnections = 16_384;
/** Idle upstream connections that it may keep. */
export const keptUpstreamConnections = 128;
/** Streams that an HTTP/2 connection must take, where there is a limit. */
export const maxStreams = 1000;

/** Addresses of the endpoints of an unused cluster: different ones for each, nobody is there. */
export function unusedAddresses(cluster: number): readonly string[] {
  return Array.from(
    { length: endpointsPerUnusedCluster },
    (_, index) => `127.${1 + (cluster >> 8)}.${cluster & 255}.${1 + index}`,
  );
}

export const unusedPort = 9;
