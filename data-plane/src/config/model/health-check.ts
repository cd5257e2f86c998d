/** Envoy's `HealthCheck`, decoded and checked. Times in ms. */
export interface HealthCheck {
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly initialJitterMs: number;
  readonly intervalJitterMs: number;
  readonly intervalJitterPercent: number;
  readonly noTrafficIntervalMs: number;
  readonly noTrafficHealthyIntervalMs: number;
  readonly unhealthyIntervalMs: number;
  readonly unhealthyEdgeIntervalMs: number;
  readonly healthyEdgeIntervalMs: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  readonly reuseConnection: boolean;
  /** What chooses the transport socket of checks, in place of the endpoint's metadata. */
  readonly transportSocketMatchCriteria?: Readonly<Record<string, unknown>>;
  readonly checker:
    | {
        readonly kind: 'http';
        readonly protocol: 'http1' | 'http2';
        readonly method: string;
        readonly path: string;
        /** Empty: the cluster's name. */
        readonly host: string;
        readonly requestHeaders: readonly { readonly name: string; readonly value: string }[];
        /** Half-open ranges. */
        readonly expectedStatuses: readonly { readonly start: number; readonly end: number }[];
        readonly retriableStatuses: readonly { readonly start: number; readonly end: number }[];
      }
    | {
        /** `grpc.health.v1.Health/Check`, always over HTTP/2. */
        readonly kind: 'grpc';
        /** Empty: the server as a whole. */
        readonly serviceName: string;
        /** Empty: the cluster's name. */
        readonly authority: string;
        readonly initialMetadata: readonly { readonly name: string; readonly value: string }[];
      }
    | {
        readonly kind: 'tcp';
        /** Hexadecimal; empty = connect only. */
        readonly sendHex: string;
        readonly receiveHex: readonly string[];
      };
}
