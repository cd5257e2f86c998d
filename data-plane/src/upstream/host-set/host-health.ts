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

/** Not counted in any percentage (panic, spill-over, locality weights), whatever its health. */
export function isExcluded(flags: number): boolean {
  return (flags & excludedFlags) !== 0;
}
