import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoadReport, type LoadedCluster, type LoadedHost, type LoadRequest } from './load-report.ts';

const all: LoadRequest = { isForAll: true, clusters: new Set(), hasEndpoints: false };

function host(label: string, success: number, more: Partial<LoadedHost> = {}): LoadedHost {
  return {
    label,
    address: '10.0.0.1',
    port: 80,
    locality: { region: 'r', zone: 'z', subZone: '' },
    priority: 0,
    successCount: success,
    errorCount: 0,
    issuedCount: success,
    activeCount: 0,
    ...more,
  };
}

const object = {};
function cluster(hosts: readonly LoadedHost[], more: Partial<LoadedCluster> = {}): LoadedCluster {
  return { name: 'a', serviceName: 'a', identity: object, droppedCount: 0, hosts, ...more };
}

/** `success/error/issued/active` by locality. */
function loads(report: ReturnType<LoadReport['take']>[number] | undefined): string[] {
  return (report?.upstreamLocalityStats ?? []).map(
    (one) =>
      `${one.totalSuccessfulRequests}/${one.totalErrorRequests}/${one.totalIssuedRequests}/${one.totalRequestsInProgress}`,
  );
}

test('a report is what happened since the last one, summed by locality; idle localities are not listed', () => {
  const report = new LoadReport();
  const other = { region: 'r', zone: 'other', subZone: '' };
  report.begin([cluster([host('1', 100), host('2', 50)], { droppedCount: 7 })], all, 1000);
  const now = cluster(
    [
      host('1', 104, { errorCount: 2, issuedCount: 110, activeCount: 3 }),
      host('2', 55),
      host('3', 0, { locality: other }),
    ],
    { droppedCount: 9, serviceName: 'eds-name' },
  );
  const [first] = report.take([now], all, 3500);
  assert.deepEqual(loads(first), ['9/2/15/3']);
  assert.equal(first?.totalDroppedRequests, 2);
  assert.equal(first.clusterServiceName, 'eds-name');
  assert.deepEqual(first.loadReportInterval, { seconds: 2, nanos: 500_000_000 });
  const [second] = report.take([now], all, 4500);
  // What is in progress is no difference.
  assert.deepEqual(loads(second), ['0/0/0/3']);
  assert.equal(second?.totalDroppedRequests, 0);
});

test('only clusters that are asked for are reported, from when they were', () => {
  const report = new LoadReport();
  const only: LoadRequest = { isForAll: false, clusters: new Set(['b']), hasEndpoints: false };
  const clusters = (count: number) => ['a', 'b'].map((name) => cluster([host('1', count)], { name }));
  report.begin(clusters(10), only, 0);
  assert.deepEqual(
    report.take(clusters(15), only, 1000).map((one) => [one.clusterName, ...loads(one)]),
    [['b', '5/0/5/0']],
  );
  report.begin(clusters(20), all, 1500);
  assert.deepEqual(
    report.take(clusters(30), all, 2000).map((one) => [one.clusterName, ...loads(one)]),
    [
      ['a', '10/0/10/0'],
      ['b', '15/0/15/0'],
    ],
  );
});

test('a changed cluster, and one that came meanwhile, count from their beginning; a host that came back does too', () => {
  const report = new LoadReport();
  report.begin([cluster([host('1', 100), host('2', 100)])], all, 0);
  const [back] = report.take([cluster([host('1', 3), host('2', 100)])], all, 1000);
  assert.deepEqual(loads(back), ['3/0/3/0']);
  const renewed = cluster([host('1', 8)], { identity: {} });
  const added = cluster([host('1', 4)], { name: 'new' });
  const reports = report.take([renewed, added], all, 3000);
  assert.deepEqual(reports.map(loads), [['8/0/8/0'], ['4/0/4/0']]);
  assert.deepEqual(reports[1]?.loadReportInterval, { seconds: 2, nanos: 0 });
  assert.deepEqual(report.take([], all, 4000), []);
});

test('endpoints are told one by one where that is asked for', () => {
  const report = new LoadReport();
  const request = { ...all, hasEndpoints: true };
  report.begin([cluster([])], request, 0);
  const [one] = report.take([cluster([host('1', 1), host('2', 2, { port: 81 })])], request, 1000);
  assert.deepEqual(
    one?.upstreamLocalityStats?.[0]?.upstreamEndpointStats?.map((endpoint) => [
      endpoint.address?.socketAddress?.portValue,
      endpoint.totalSuccessfulRequests,
    ]),
    [
      [80, 1],
      [81, 2],
    ],
  );
});
