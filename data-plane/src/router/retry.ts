import type { StreamResetReason } from '../codec/codec.ts';
import type { HeaderMap } from '../codec/header-map.ts';
import type { RetryCondition } from '../config/model/route.ts';
import { isConnectFailure } from './reset-reason.ts';
import type { CompiledRetryPolicy } from './retry-policy.ts';

/**
 * - `retry`: begin another attempt after the back-off.
 * - `no`: the answer or the reset is final and no retry was wanted.
 * - `limit-exceeded`: it was wanted, but all are used up (flag URX).
 * - `overflow`: it was wanted, but the circuit breaker is open (flag UO).
 */
export type RetryDecision = 'retry' | 'no' | 'limit-exceeded' | 'overflow';

const defaultBackOffBaseMs = 25;
const defaultBackOffMaxMs = 250;

const httpConditions: ReadonlySet<string> = new Set<RetryCondition>([
  ...([
    '5xx',
    'gateway-error',
    'reset',
    'reset-before-request',
    'connect-failure',
    'envoy-ratelimited',
  ] as const),
  ...(['retriable-4xx', 'refused-stream', 'retriable-status-codes', 'retriable-headers'] as const),
]);

/** By `grpc-status` in the head of an answer. */
const grpcConditions: Readonly<Record<string, RetryCondition>> = {
  '1': 'cancelled',
  '4': 'deadline-exceeded',
  '8': 'resource-exhausted',
  '13': 'internal',
  '14': 'unavailable',
};

const grpcConditionNames: ReadonlySet<string> = new Set(Object.values(grpcConditions));

/** What an attempt ended with, when it ended without an answer. */
export interface FailedAttempt {
  readonly reason: StreamResetReason;
  /** A byte of the request may have reached the upstream. */
  readonly isRequestSent: boolean;
}

/** The retries of one request: conditions from the policy and from trusted `x-envoy-*` headers. Decides; does not act. */
export class RetryState {
  readonly #conditions: ReadonlySet<string>;
  readonly #policy: CompiledRetryPolicy | undefined;
  readonly #statusCodes: ReadonlySet<number>;
  readonly #headerNames: readonly string[];
  #retriesLeft: number;
  #retryCount = 0;

  /** Undefined: nothing makes this request be retried. Takes the retry headers out of `headers`. */
  static create(policy: CompiledRetryPolicy | undefined, headers: HeaderMap): RetryState | undefined {
    const overrides = takeOverrides(headers);
    if (policy === undefined && overrides === undefined) return undefined;
    if (policy !== undefined && !policy.allows(headers)) return undefined;
    const conditions = mergedConditions(policy, overrides);
    return conditions.size === 0 ? undefined : new RetryState(policy, overrides, conditions);
  }

  constructor(
    policy: CompiledRetryPolicy | undefined,
    overrides: RetryOverrides | undefined,
    conditions: ReadonlySet<string>,
  ) {
    this.#policy = policy;
    this.#conditions = conditions;
    this.#retriesLeft = overrides?.maxRetries ?? policy?.policy.numRetries ?? 1;
    const givenCodes = overrides?.statusCodes ?? [];
    const policyCodes = policy?.statusCodes ?? new Set();
    this.#statusCodes = givenCodes.length === 0 ? policyCodes : new Set([...policyCodes, ...givenCodes]);
    this.#headerNames = overrides?.headerNames ?? [];
  }

  get retryCount(): number {
    return this.#retryCount;
  }

  /** Whether an answer is one that these conditions retry. */
  wantsRetryOfAnswer(headers: HeaderMap, status: number): boolean {
    const conditions = this.#conditions;
    if (headers.has('x-envoy-ratelimited')) return conditions.has('envoy-ratelimited');
    if (status >= 500 && status < 600 && conditions.has('5xx')) return true;
    if (status >= 502 && status <= 504 && conditions.has('gateway-error')) return true;
    if (status === 409 && conditions.has('retriable-4xx')) return true;
    if (conditions.has('retriable-status-codes') && this.#statusCodes.has(status)) return true;
    if (conditions.has('retriable-headers') && this.#hasRetriableHeader(headers)) return true;
    const grpcCondition = grpcConditions[headers.get('grpc-status') ?? ''];
    return grpcCondition !== undefined && conditions.has(grpcCondition);
  }

  wantsRetryOfReset({ reason, isRequestSent }: FailedAttempt): boolean {
    const conditions = this.#conditions;
    if (reason === 'overflow') return false;
    if (conditions.has('reset') || conditions.has('5xx') || conditions.has('gateway-error')) return true;
    if (!isRequestSent && conditions.has('reset-before-request')) return true;
    if (reason === 'remote-refused-stream' && conditions.has('refused-stream')) return true;
    return isConnectFailure(reason) && conditions.has('connect-failure');
  }

  /** Spends a retry. `canRetry` asks the circuit breaker; it is asked only when a retry is left. */
  decide(isWanted: boolean, canRetry: () => boolean): RetryDecision {
    if (!isWanted) return 'no';
    if (this.#retriesLeft === 0) return 'limit-exceeded';
    this.#retriesLeft--;
    if (!canRetry()) return 'overflow';
    this.#retryCount++;
    return 'retry';
  }

  /** Wait before the retry that was just decided: full jitter, so it may be 0. `random` is in [0, 1). */
  backOffMs(random: number): number {
    const baseMs = this.#policy?.policy.backOffBaseMs ?? defaultBackOffBaseMs;
    const maxMs = this.#policy?.policy.backOffMaxMs ?? defaultBackOffMaxMs;
    const ceilingMs = Math.min(baseMs * 2 ** (this.#retryCount - 1), maxMs);
    return Math.floor(random * ceilingMs);
  }

  #hasRetriableHeader(headers: HeaderMap): boolean {
    return (
      this.#policy?.retriableHeaders.some((matcher) => matcher.matches(headers)) === true ||
      this.#headerNames.some((name) => headers.has(name))
    );
  }
}

interface RetryOverrides {
  readonly conditions: readonly string[];
  readonly maxRetries: number | undefined;
  readonly statusCodes: readonly number[];
  readonly headerNames: readonly string[];
}

/** Reads and removes what a trusted client asks for. The manager has removed it from other requests. */
function takeOverrides(headers: HeaderMap): RetryOverrides | undefined {
  const retryOn = take(headers, 'x-envoy-retry-on');
  const retryGrpcOn = take(headers, 'x-envoy-retry-grpc-on');
  const maxRetries = take(headers, 'x-envoy-max-retries');
  const statusCodes = take(headers, 'x-envoy-retriable-status-codes');
  const headerNames = take(headers, 'x-envoy-retriable-header-names');
  if (retryOn ?? retryGrpcOn ?? maxRetries ?? statusCodes ?? headerNames) {
    return {
      conditions: [
        ...list(retryOn).filter((name) => httpConditions.has(name)),
        ...list(retryGrpcOn).filter((name) => grpcConditionNames.has(name)),
      ],
      maxRetries: maxRetries !== undefined && /^\d+$/.test(maxRetries) ? Number(maxRetries) : undefined,
      statusCodes: list(statusCodes)
        .filter((code) => /^\d+$/.test(code))
        .map(Number),
      headerNames: list(headerNames).map((name) => name.toLowerCase()),
    };
  }
  return undefined;
}

function take(headers: HeaderMap, name: string): string | undefined {
  const value = headers.get(name);
  if (value !== undefined) headers.remove(name);
  return value;
}

function list(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(',').map((part) => part.trim());
}

function mergedConditions(
  policy: CompiledRetryPolicy | undefined,
  overrides: RetryOverrides | undefined,
): ReadonlySet<string> {
  if (overrides === undefined || overrides.conditions.length === 0) return policy?.conditions ?? new Set();
  return new Set([...(policy?.conditions ?? []), ...overrides.conditions]);
}
