import { hostFlag } from '../../config/model/cluster-update.ts';

/** What the flags of a host amount to for load balancing. */
export type CoarseHealth = 'healthy' | 'degraded' | 'unhealthy';

const unhealthyFlags =
  hostFlag.failedActiveHealthCheck |
  hostFlag.failedOutlierCheck |
  hostFlag.failedEdsHealth |
  hostFlag.edsStatusDraining;
const degradedFlags = hostFlag.degradedActiveHealthCheck | hostFlag.degradedEdsHealth;
const excludedFlags =
  hostFlag.pendingActiveHealthCheck |
  hostFlag.excludedViaImmediateHealthCheckFail |
  hostFlag.edsStatusDraining;

export function coarseHealthOf(flags: number): CoarseHealth {
  if ((flags & unhealthyFlags) !== 0) return 'unhealthy';
  return (flags & degradedFlags) !== 0 ? 'degraded' : 'healthy';
}

/** A check of ours failed it: not what its control plane says of it. */
export function hasFailedCheck(flags: number): boolean {
  return (flags & (hostFlag.failedActiveHealthCheck | hostFlag.failedOutlierCheck)) !== 0;
}

/** Not counted in any percentage (panic, spill-over, locality weights), whatever its health. */
export function isExcluded(flags: number): boolean {
  return (flags & excludedFlags) !== 0;
}

/** Names in the order in which `/clusters` prints them. */
const flagNames: readonly (readonly [number, string])[] = [
  [hostFlag.failedActiveHealthCheck, 'failed_active_hc'],
  [hostFlag.failedOutlierCheck, 'failed_outlier_check'],
  [hostFlag.failedEdsHealth, 'failed_eds_health'],
  [hostFlag.degradedActiveHealthCheck, 'degraded_active_hc'],
  [hostFlag.degradedEdsHealth, 'degraded_eds_health'],
  [hostFlag.pendingDynamicRemoval, 'pending_dynamic_removal'],
  [hostFlag.pendingActiveHealthCheck, 'pending_active_hc'],
  [hostFlag.excludedViaImmediateHealthCheckFail, 'excluded_via_immediate_hc_fail'],
  [hostFlag.activeHealthCheckTimeout, 'active_hc_timeout'],
  [hostFlag.edsStatusDraining, 'eds_status_draining'],
];

/** `healthy`, or the flags as `/failed_active_hc/active_hc_timeout`. */
export function formatHostFlags(flags: number): string {
  const names = flagNames.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => `/${name}`);
  return names.length === 0 ? 'healthy' : names.join('');
}
