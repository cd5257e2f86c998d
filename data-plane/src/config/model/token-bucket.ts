/** Envoy's `TokenBucket`. */
export interface TokenBucketLimits {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}
