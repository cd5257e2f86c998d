import { hostFlag } from '../../config/model/cluster-update.ts';

export type FailureType = 'active' | 'passive' | 'network' | 'network-timeout';

/** What one check found. */
export type CheckResult =
  | { readonly kind: 'success'; readonly isDegraded: boolean }
  | {
      readonly kind: 'failure';
      /** `active`: a bad answer; `passive`: the data path saw the host say so; the others: no answer. */
      readonly type: FailureType;
      /** A bad answer that counts towards the threshold instead of failing the host at once. */
      readonly isRetriable: boolean;
      /** The answer asked for the host to be left out of all percentages. */
      readonly isExcluding: boolean;
    };

/** `pending`: the result points to a change whose threshold has not been reached. */
export type HealthTransition = 'unchanged' | 'changed' | 'pending';

/** The counters of one host; flags stand elsewhere. */
export interface HealthState {
  readonly isFirstCheck: boolean;
  readonly healthyCount: number;
  readonly unhealthyCount: number;
}

export const initialHealthState: HealthState = { isFirstCheck: true, healthyCount: 0, unhealthyCount: 0 };

export interface HealthThresholds {
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
}

export interface HealthStep {
  readonly state: HealthState;
  readonly flags: number;
  readonly transition: HealthTransition;
}

/**
 * One result of a health check, applied. Pure. The first success heals at once; a bad answer fails at once, while
 * missing answers count up to the threshold. Counts meet their thresholds by equality, and only a success resets
 * the unhealthy one. Source: Envoy's `HealthCheckerImplBase::ActiveHealthCheckSession`.
 */
export function applyCheckResult(
  state: HealthState,
  flags: number,
  result: CheckResult,
  thresholds: HealthThresholds,
): HealthStep {
  return result.kind === 'success'
    ? applySuccess(state, flags, result.isDegraded, thresholds)
    : applyFailure(state, flags, result, thresholds);
}

function applySuccess(
  state: HealthState,
  flags: number,
  isDegraded: boolean,
  { healthyThreshold }: HealthThresholds,
): HealthStep {
  let next = flags;
  let transition: HealthTransition = 'unchanged';
  let { healthyCount } = state;
  if (isFailed(flags)) {
    if (!state.isFirstCheck) healthyCount++;
    if (state.isFirstCheck || healthyCount === healthyThreshold) {
      next &= ~(
        hostFlag.failedActiveHealthCheck |
        hostFlag.activeHealthCheckTimeout |
        hostFlag.excludedViaImmediateHealthCheckFail
      );
      transition = 'changed';
    } else {
      transition = 'pending';
    }
  }
  if ((next & hostFlag.pendingActiveHealthCheck) !== 0) {
    next &= ~hostFlag.pendingActiveHealthCheck;
    transition = 'changed';
  }
  if (isDegraded !== ((next & hostFlag.degradedActiveHealthCheck) !== 0)) {
    next ^= hostFlag.degradedActiveHealthCheck;
    if (transition === 'unchanged') transition = 'changed';
  }
  return { state: { isFirstCheck: false, healthyCount, unhealthyCount: 0 }, flags: next, transition };
}

function applyFailure(
  state: HealthState,
  flags: number,
  { type, isRetriable, isExcluding }: CheckResult & { readonly kind: 'failure' },
  { unhealthyThreshold }: HealthThresholds,
): HealthStep {
  let next = flags;
  let transition: HealthTransition = 'unchanged';
  let { unhealthyCount } = state;
  if (!isFailed(flags)) {
    const isImmediate = !isNetworkFailure(type) && !isRetriable;
    if (!isImmediate) unhealthyCount++;
    if (isImmediate || unhealthyCount === unhealthyThreshold) {
      next |= hostFlag.failedActiveHealthCheck;
      transition = 'changed';
    } else {
      transition = 'pending';
    }
  }
  if (isExcluding && (next & hostFlag.excludedViaImmediateHealthCheckFail) === 0) {
    next |= hostFlag.excludedViaImmediateHealthCheckFail;
    transition = 'changed';
  }
  if (isFailed(next) && type === 'network-timeout') next |= hostFlag.activeHealthCheckTimeout;
  else next &= ~hostFlag.activeHealthCheckTimeout;
  if ((next & hostFlag.pendingActiveHealthCheck) !== 0) {
    next &= ~hostFlag.pendingActiveHealthCheck;
    transition = 'changed';
  }
  return { state: { isFirstCheck: false, healthyCount: 0, unhealthyCount }, flags: next, transition };
}

export function isNetworkFailure(type: FailureType): boolean {
  return type === 'network' || type === 'network-timeout';
}

export function isFailed(flags: number): boolean {
  return (flags & hostFlag.failedActiveHealthCheck) !== 0;
}
