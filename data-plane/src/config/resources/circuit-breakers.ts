import type { CircuitBreakers, CircuitBreakers_Thresholds } from '@heddle/shared/xds/api';
import type { CircuitBreakerThresholds, Cluster } from '../model/cluster.ts';
import { defined, percentOr } from './scalars.ts';

/** Envoy's defaults. */
const defaultThresholds: CircuitBreakerThresholds = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
  trackRemaining: false,
};
const defaultBudgetPercent = 20;
const defaultMinRetryConcurrency = 3;

export function decodeCircuitBreakers(message: CircuitBreakers | undefined): Cluster['circuitBreakers'] {
  const thresholds = message?.thresholds ?? [];
  // The first of a priority counts, as in Envoy.
  const ofPriority = (priority: 'DEFAULT' | 'HIGH'): CircuitBreakerThresholds =>
    toThresholds(thresholds.find((candidate) => candidate.priority === priority));
  return { default: ofPriority('DEFAULT'), high: ofPriority('HIGH') };
}

function toThresholds(message: CircuitBreakers_Thresholds | undefined): CircuitBreakerThresholds {
  if (message === undefined) return defaultThresholds;
  const budget = message.retryBudget;
  return {
    maxConnections: message.maxConnections ?? defaultThresholds.maxConnections,
    maxPendingRequests: message.maxPendingRequests ?? defaultThresholds.maxPendingRequests,
    maxRequests: message.maxRequests ?? defaultThresholds.maxRequests,
    maxRetries: message.maxRetries ?? defaultThresholds.maxRetries,
    trackRemaining: message.trackRemaining,
    ...defined<Pick<CircuitBreakerThresholds, 'retryBudget'>>({
      retryBudget:
        budget === undefined
          ? undefined
          : {
              budgetPercent: percentOr(budget.budgetPercent, defaultBudgetPercent),
              minRetryConcurrency: budget.minRetryConcurrency ?? defaultMinRetryConcurrency,
            },
    }),
  };
}
