import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import type { HealthCheck } from '../../config/model/health-check.ts';
import type { HealthTransition } from './health-state.ts';

/**
 * Ms from the end of a check to the next one. The edge intervals hold while a change is approached, not after it.
 * A cluster that never had an upstream connection is checked at its own, slower pace.
 */
export function nextCheckDelayMs(
  settings: HealthCheck,
  isSuccess: boolean,
  transition: HealthTransition,
  hasHadTraffic: boolean,
  rng: Rng,
): number {
  const baseMs = baseIntervalMs(settings, isSuccess, transition === 'pending', hasHadTraffic);
  const jitterMs = Math.floor((settings.intervalJitterPercent * baseMs) / 100);
  let delayMs = baseMs;
  if (jitterMs > 0) delayMs += randomInteger(rng, jitterMs);
  if (settings.intervalJitterMs > 0) delayMs += randomInteger(rng, settings.intervalJitterMs);
  return Math.max(1, delayMs);
}

function baseIntervalMs(
  settings: HealthCheck,
  isSuccess: boolean,
  isPending: boolean,
  hasHadTraffic: boolean,
): number {
  if (!hasHadTraffic) {
    return isSuccess && !isPending ? settings.noTrafficHealthyIntervalMs : settings.noTrafficIntervalMs;
  }
  if (isSuccess) return isPending ? settings.healthyEdgeIntervalMs : settings.intervalMs;
  return isPending ? settings.unhealthyEdgeIntervalMs : settings.unhealthyIntervalMs;
}
