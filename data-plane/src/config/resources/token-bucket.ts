import type { TokenBucket } from '@heddle/shared/xds/api';
import type { TokenBucketLimits } from '../model/token-bucket.ts';
import type { DecodeContext } from './decode-context.ts';
import { toMsOr } from './scalars.ts';

/** Of the state of one bucket: a time. */
const bucketBytes = 8;
/** Envoy's least. */
const minFillIntervalMs = 50;

/** Of connections; `path` is that of the bucket. */
export function decodeTokenBucket(
  context: DecodeContext,
  bucket: TokenBucket | undefined,
  path: string,
): TokenBucketLimits {
  const fillIntervalMs = toMsOr(bucket?.fillInterval, 0);
  if (bucket !== undefined && fillIntervalMs < minFillIntervalMs) {
    context.refuse(`${path}.fill_interval`, `must not be below ${minFillIntervalMs} ms`);
  }
  return { maxTokens: bucket?.maxTokens ?? 0, tokensPerFill: bucket?.tokensPerFill ?? 1, fillIntervalMs };
}

/** The state of a bucket that nobody has taken from. */
export function createBucket(): SharedArrayBuffer {
  return new SharedArrayBuffer(bucketBytes);
}

/**
 * Buckets that several filters have together: of one key and the same limits, for as long as a filter has them. One for
 * a process.
 */
export class SharedTokenBuckets {
  readonly #buckets = new Map<string, WeakRef<SharedArrayBuffer>>();

  /** An empty `shareKey` shares with nobody. */
  bucketOf(
    shareKey: string,
    { maxTokens, tokensPerFill, fillIntervalMs }: TokenBucketLimits,
  ): SharedArrayBuffer {
    if (shareKey === '') return createBucket();
    const key = JSON.stringify([shareKey, maxTokens, tokensPerFill, fillIntervalMs]);
    const known = this.#buckets.get(key)?.deref();
    if (known !== undefined) return known;
    for (const [name, bucket] of this.#buckets) {
      if (bucket.deref() === undefined) this.#buckets.delete(name);
    }
    const bucket = createBucket();
    this.#buckets.set(key, new WeakRef(bucket));
    return bucket;
  }
}
