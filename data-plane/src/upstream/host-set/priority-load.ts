/** What the hosts of one priority amount to. */
export interface PriorityHealth {
  /** All hosts, excluded ones included. */
  readonly hostCount: number;
  /** Hosts that do not count in any percentage: draining, or waiting for their first health check. */
  readonly excludedCount: number;
  readonly healthyCount: number;
  readonly degradedCount: number;
  /** Percent. */
  readonly overprovisioningFactor: number;
}

/** Who gets which part of the traffic; index = priority, percent, all loads together are 100. */
export interface PriorityLoad {
  readonly healthyLoad: readonly number[];
  readonly degradedLoad: readonly number[];
  /** In panic a priority uses all of its hosts, whatever their health. */
  readonly isInPanic: readonly boolean[];
}

/**
 * Spreads the traffic over the priorities and decides on panic, in integers, so that the splits are Envoy's.
 * Pure. Source: Envoy's `LoadBalancerBase::recalculatePerPriorityState` and `…Panic`.
 */
export function buildPriorityLoad(
  priorities: readonly PriorityHealth[],
  panicThresholdPercent: number,
): PriorityLoad {
  const health = priorities.map((priority) => availability(priority, priority.healthyCount));
  const degraded = priorities.map((priority) => availability(priority, priority.degradedCount));
  const total = Math.min(100, sum(health) + sum(degraded));
  const panicThreshold = Math.min(100, Math.trunc(panicThresholdPercent));
  if (total === 0 && panicThreshold === 0) return onlyFirst(priorities.length);

  const isInPanic = priorities.map((priority) => total !== 100 && isBelow(priority, panicThreshold));
  if (isInPanic.length > 0 && isInPanic.every(Boolean)) return buildTotalPanicLoad(priorities);

  let rest = 100;
  const take = (share: number): number => {
    const load = total === 0 ? 0 : Math.min(rest, Math.floor((share * 100) / total));
    rest -= load;
    return load;
  };
  const healthyLoad = health.map(take);
  const degradedLoad = degraded.map(take);
  if (rest > 0) {
    const [loads, first] = health.some((share) => share > 0)
      ? [healthyLoad, health]
      : [degradedLoad, degraded];
    addTo(
      loads,
      first.findIndex((share) => share > 0),
      rest,
    );
  }
  return { healthyLoad, degradedLoad, isInPanic };
}

/** `percent`: 1 to 100. The priority and availability whose part of the traffic holds it. */
export function choosePriority(
  load: PriorityLoad,
  percent: number,
): { readonly priority: number; readonly isDegraded: boolean } {
  let reached = 0;
  for (const [priority, share] of load.healthyLoad.entries()) {
    reached += share;
    if (percent <= reached) return { priority, isDegraded: false };
  }
  for (const [priority, share] of load.degradedLoad.entries()) {
    reached += share;
    if (percent <= reached) return { priority, isDegraded: true };
  }
  return { priority: 0, isDegraded: false };
}

/** Every priority is in panic: each gets traffic by its number of hosts. */
function buildTotalPanicLoad(priorities: readonly PriorityHealth[]): PriorityLoad {
  const hostCount = sum(priorities.map((priority) => priority.hostCount));
  if (hostCount === 0) return { ...onlyFirst(priorities.length), isInPanic: priorities.map(() => true) };
  const healthyLoad = priorities.map((priority) => Math.floor((100 * priority.hostCount) / hostCount));
  addTo(
    healthyLoad,
    priorities.findIndex((priority) => priority.hostCount > 0),
    100 - sum(healthyLoad),
  );
  return { healthyLoad, degradedLoad: priorities.map(() => 0), isInPanic: priorities.map(() => true) };
}

function availability(priority: PriorityHealth, count: number): number {
  const counted = priority.hostCount - priority.excludedCount;
  return counted === 0 ? 0 : Math.min(100, Math.floor((priority.overprovisioningFactor * count) / counted));
}

function isBelow(priority: PriorityHealth, thresholdPercent: number): boolean {
  const counted = priority.hostCount - priority.excludedCount;
  const usable = priority.healthyCount + priority.degradedCount;
  return counted === 0 ? thresholdPercent > 0 : 100 * usable < thresholdPercent * counted;
}

function onlyFirst(count: number): PriorityLoad {
  const zeros = Array.from({ length: count }, () => 0);
  return {
    healthyLoad: zeros.map((_, priority) => (priority === 0 ? 100 : 0)),
    degradedLoad: zeros,
    isInPanic: zeros.map(() => false),
  };
}

function addTo(loads: number[], index: number, amount: number): void {
  loads[index] = (loads[index] ?? 0) + amount;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
