import type { TcpProxy } from './tcp-proxy.ts';
import type { TokenBucketLimits } from './token-bucket.ts';
import type { HttpConnectionManager } from './http-connection-manager.ts';

/** The last filter of a chain. */
export type TerminalNetworkFilter =
  | { readonly kind: 'http-connection-manager'; readonly config: HttpConnectionManager }
  | { readonly kind: 'tcp-proxy'; readonly config: TcpProxy }
  | { readonly kind: 'echo' }
  /** Latin1; may be empty. */
  | { readonly kind: 'direct-response'; readonly body: string };

/** A filter before the terminal one. */
export type PrecedingNetworkFilter =
  | { readonly kind: 'connection-limit'; readonly config: ConnectionLimit }
  | { readonly kind: 'local-rate-limit'; readonly config: ConnectionRateLimit }
  /** The TCP proxy goes to the cluster that the SNI names. */
  | { readonly kind: 'sni-cluster' };

/** Envoy's network filter `connection_limit`. */
export interface ConnectionLimit {
  readonly statPrefix: string;
  readonly maxConnections: number;
  /** How long a connection that is too many stays open, unserved. */
  readonly delayMs: number;
  readonly isEnabled: boolean;
  /** Int32, one for each worker: its connections. */
  readonly counts: SharedArrayBuffer;
}

/** Envoy's network filter `local_ratelimit`. */
export interface ConnectionRateLimit extends TokenBucketLimits {
  readonly statPrefix: string;
  readonly isEnabled: boolean;
  /** State of the bucket: shared by all workers, and by the filters of its `share_key`. */
  readonly bucket: SharedArrayBuffer;
}
