import type { TokenBucketLimits } from '../../../config/model/token-bucket.ts';

const nanosecondsPerMs = 1e6;

/**
 * Takes a token, if there is one, from a bucket that several threads share. Its state is one number: when it was empty,
 * in ns since the epoch, from which its content follows; tokens come evenly. All zeros: it is full.
 */
export function takeToken(bucket: BigInt64Array, limits: TokenBucketLimits, nowMs: number): boolean {
  const { maxTokens, tokensPerFill, fillIntervalMs } = limits;
  const now = BigInt(nowMs) * BigInt(nanosecondsPerMs);
  const perToken = BigInt(Math.round((fillIntervalMs * nanosecondsPerMs) / tokensPerFill));
  for (;;) {
    const emptyAt = Atomics.load(bucket, 0);
    if (emptyAt > now) {
      // The clock was set back: the bucket is empty, and fills from here.
      Atomics.compareExchange(bucket, 0, emptyAt, now);
      return false;
    }
    const fullAt = now - perToken * BigInt(maxTokens);
    const next = (emptyAt < fullAt ? fullAt : emptyAt) + perToken;
    if (next > now) return false;
    if (Atomics.compareExchange(bucket, 0, emptyAt, next) === emptyAt) return true;
  }
}
