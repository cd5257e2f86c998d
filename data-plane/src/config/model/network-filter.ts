import type { TcpProxy } from './tcp-proxy.ts';
import type { RbacRules } from './rbac.ts';
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
  | { readonly kind: 'rbac'; readonly config: NetworkRbac }
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

/** Envoy's network filter `rbac`. */
export interface NetworkRbac {
  readonly statPrefix: string;
  /** Absent: everybody may. */
  readonly rules?: RbacRules;
  /** Counted, and not obeyed. */
  readonly shadowRules?: RbacRules;
  readonly shadowRulesStatPrefix: string;
  /** Whether it is asked at every read, or at the first alone. */
  readonly isContinuous: boolean;
  /** How long a connection that is denied stays open, unread. */
  readonly delayDenyMs: number;
}
