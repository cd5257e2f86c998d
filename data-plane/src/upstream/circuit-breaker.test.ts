import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clearWorkerResources, resourceKind, SharedResourceManager, sumResource } from './circuit-breaker.ts';
import { allocateClusterMemory } from './shared-memory.ts';

const thresholds = {
  maxConnections: 2,
  maxPendingRequests: 1,
  maxRequests: 3,
  maxRetries: 1,
  trackRemaining: false,
};

test('the counts of all workers stand against one threshold', () => {
  const memory = allocateClusterMemory(2, 4).circuitBreakers;
  const one = new SharedResourceManager(memory, 0, 'default', thresholds);
  const two = new SharedResourceManager(memory, 1, 'default', thresholds);
  const high = new SharedResourceManager(memory, 1, 'high', thresholds);
  one.connectionOpened();
  assert.equal(two.canConnect(), true);
  two.connectionOpened();
  assert.equal(one.canConnect(), false);
  assert.equal(high.canConnect(), true);
  two.connectionClosed();
  assert.equal(one.canConnect(), true);
  assert.equal(sumResource(memory, 'default', resourceKind.connections), 1);
});

test('a worker that died counts no more', () => {
  const memory = allocateClusterMemory(2, 4).circuitBreakers;
  const one = new SharedResourceManager(memory, 0, 'default', thresholds);
  const two = new SharedResourceManager(memory, 1, 'default', thresholds);
  two.pendingStarted();
  new SharedResourceManager(memory, 1, 'high', thresholds).requestStarted();
  assert.equal(one.canPend(), false);
  clearWorkerResources(memory, 1);
  assert.equal(one.canPend(), true);
  assert.equal(sumResource(memory, 'high', resourceKind.requests), 0);
});

test('a retry budget follows active and pending requests, down to its minimum', () => {
  const memory = allocateClusterMemory(1, 4).circuitBreakers;
  const manager = new SharedResourceManager(memory, 0, 'default', {
    ...thresholds,
    retryBudget: { budgetPercent: 20, minRetryConcurrency: 3 },
  });
  assert.equal(manager.maxRetries(), 3);
  for (let request = 0; request < 19; request++) manager.requestStarted();
  manager.pendingStarted();
  assert.equal(manager.maxRetries(), 4);
  for (let retry = 0; retry < 4; retry++) manager.retryStarted();
  assert.equal(manager.canRetry(), false);
});
