/** `envoy.filters.http.grpc_stats`. */
export interface GrpcStatsConfig {
  readonly methods: CountedMethods;
  readonly hasUpstreamTime: boolean;
}

/** Which methods are counted by name. */
export type CountedMethods =
  | { readonly kind: 'none' }
  /** `replacesDots`: `pkg.Service` is counted as `pkg_Service`. */
  | { readonly kind: 'all'; readonly replacesDots: boolean }
  /** `pkg.Service/Method`. */
  | { readonly kind: 'listed'; readonly names: readonly string[] };

/** `envoy.filters.http.grpc_http1_bridge`. */
export interface GrpcHttp1BridgeConfig {
  /** `application/x-protobuf` is made a call, and the message of its answer is unwrapped. */
  readonly upgradesProtobuf: boolean;
  readonly ignoresQuery: boolean;
}
