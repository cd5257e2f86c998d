import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { Counter } from '../../stats/stats.ts';

/** `rate_limit_settings`: a token bucket for requests to the management server. */
export interface RequestRateLimit {
  /** False: no token is left, and `onToken` will be called once there is one. */
  canSend(onToken: () => void): boolean;
  onSent(): void;
  stop(): void;
}

export interface RateLimitSettings {
  readonly maxTokens: number;
  readonly fillPerSecond: number;
}

export const noRateLimit: RequestRateLimit = { canSend: () => true, onSent() {}, stop() {} };

export function createRequestRateLimit(
  { maxTokens, fillPerSecond }: RateLimitSettings,
  clock: Clock,
  enforced: Counter,
): RequestRateLimit {
  let tokens = maxTokens;
  let filledAtMs = clock.monotonicMs();
  let timer: Timer | undefined;

  function fill(): void {
    const nowMs = clock.monotonicMs();
    tokens = Math.min(maxTokens, tokens + ((nowMs - filledAtMs) / 1000) * fillPerSecond);
    filledAtMs = nowMs;
  }

  return {
    canSend(onToken) {
      fill();
      // Sums of fractions may fall short of one by a rounding error.
      if (tokens >= 1 - 1e-9) return true;
      if (timer !== undefined) return false;
      enforced.inc();
      timer = clock.setTimer(Math.ceil(((1 - tokens) / fillPerSecond) * 1000), () => {
        timer = undefined;
        onToken();
      });
      return false;
    },
    onSent() {
      tokens -= 1;
    },
    stop() {
      timer?.cancel();
      timer = undefined;
    },
  };
}
