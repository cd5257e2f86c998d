import type { HeaderMap } from '../codec/header-map.ts';
import type { RetryCondition, RetryPolicy } from '../config/model/route.ts';
import { CompiledHeaderMatcher } from '../lang/header-matcher.ts';

/** A `RetryPolicy` compiled once per route. */
export class CompiledRetryPolicy {
  readonly policy: RetryPolicy;
  readonly conditions: ReadonlySet<RetryCondition>;
  readonly statusCodes: ReadonlySet<number>;
  readonly retriableHeaders: readonly CompiledHeaderMatcher[];
  readonly #requestHeaders: readonly CompiledHeaderMatcher[];

  constructor(policy: RetryPolicy) {
    this.policy = policy;
    this.conditions = new Set(policy.retryOn);
    this.statusCodes = new Set(policy.retriableStatusCodes);
    this.retriableHeaders = policy.retriableHeaders.map((matcher) => new CompiledHeaderMatcher(matcher));
    this.#requestHeaders = policy.retriableRequestHeaders.map(
      (matcher) => new CompiledHeaderMatcher(matcher),
    );
  }

  /** With `retriable_request_headers`, only requests that match one of them are retried. */
  allows(requestHeaders: HeaderMap): boolean {
    return (
      this.#requestHeaders.length === 0 ||
      this.#requestHeaders.some((matcher) => matcher.matches(requestHeaders))
    );
  }
}
