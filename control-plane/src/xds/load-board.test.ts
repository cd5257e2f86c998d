import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import type { ClusterStats } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { LoadBoard } from './load-board.ts';

const api = loadApi();

function stats(clusterName: string, more: MessageInit<ClusterStats> = {}): ClusterStats {
  return api.create('envoy.config.endpoint.v3.ClusterStats', { clusterName, ...more });
}

const busy: MessageInit<ClusterStats> = {
  upstreamLocalityStats: [
    {
      totalIssuedRequests: 10,
      totalSuccessfulRequests: 7,
      totalErrorRequests: 2,
      totalRequestsInProgress: 4,
    },
    { totalIssuedRequests: 10, totalSuccessfulRequests: 10 },
  ],
  totalDroppedRequests: 3,
  loadReportInterval: { seconds: 2 },
};

test('loads add up over localities, reports and proxies; what is under way is that of the last reports', () => {
  const reported: number[] = [];
  const board = new LoadBoard(createFakeClock(5000), ({ successCount }) => reported.push(successCount));
  const [one, other] = [{}, {}];
  board.report(one, stats('cart', busy));
  board.report(one, stats('cart', busy));
  board.report(other, stats('cart', busy));
  board.report(other, stats('ads'));
  const [ads, cart] = board.list();
  assert.equal(ads?.cluster, 'ads');
  assert.deepEqual(cart, {
    cluster: 'cart',
    issuedCount: 60,
    successCount: 51,
    errorCount: 6,
    droppedCount: 9,
    inProgressCount: 8,
    requestsPerSecond: 20,
    proxyCount: 2,
    reportedAt: 5000,
  });
  board.forget(other);
  const [, left] = board.list();
  assert.deepEqual([left?.inProgressCount, left?.proxyCount, left?.issuedCount], [4, 1, 60]);
  assert.deepEqual(reported, [17, 17, 17, 0]);
});

test('a client that invents clusters costs bounded memory, and known ones are counted on', () => {
  const board = new LoadBoard(createFakeClock(), () => undefined);
  for (let i = 0; i < 21_000; i++) board.report({}, stats(`c${i}`));
  assert.equal(board.list().length, 20_000);
  board.report({}, stats('c0', busy));
  assert.equal(board.list().find(({ cluster }) => cluster === 'c0')?.issuedCount, 20);
});
