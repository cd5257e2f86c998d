import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import type { LoadStatsRequest, LoadStatsResponse } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { RecordingStats } from '../ads/testing/recording-stats.ts';
import { ScriptedTransport } from '../ads/testing/scripted-transport.ts';
import { startLoadReporter } from './load-reporter.ts';

const api = loadApi();

class LoadTransport extends ScriptedTransport {
  readonly sent: LoadStatsRequest[] = [];

  override send(bytes: Uint8Array): void {
    this.sent.push(api.decode('envoy.service.load_stats.v3.LoadStatsRequest', bytes));
  }

  ask(response: MessageInit<LoadStatsResponse>): void {
    this.sendBytes(api.encode('envoy.service.load_stats.v3.LoadStatsResponse', response));
  }

  /** Names of the clusters of each message since the last call. */
  take(): string[][] {
    return this.sent.splice(0).map(({ clusterStats }) => clusterStats.map(({ clusterName }) => clusterName));
  }
}

function setUp() {
  const clock = createFakeClock();
  const transport = new LoadTransport(api);
  const stats = new RecordingStats();
  const identity = {};
  const reporter = startLoadReporter({
    transport,
    node: { id: 'n' },
    api,
    clusters: () =>
      ['a', 'b'].map((name) => ({ name, serviceName: name, identity, droppedCount: 0, hosts: [] })),
    clock,
    logger: createSilentLogger(),
    stats,
  });
  return { clock, transport, stats, reporter };
}

test('the node goes first, then a report each interval of what was asked for last', () => {
  const { clock, transport, reporter } = setUp();
  transport.open();
  assert.equal(transport.sent[0]?.node?.id, 'n');
  assert.deepEqual(transport.take(), [[]]);
  clock.advance(60_000);
  assert.deepEqual(transport.take(), [], 'nothing was asked for yet');
  transport.ask({ sendAllClusters: true, loadReportingInterval: { seconds: 2 } });
  clock.advance(4000);
  assert.deepEqual(transport.take(), [
    ['a', 'b'],
    ['a', 'b'],
  ]);
  transport.ask({ clusters: ['b', 'unknown'], loadReportingInterval: { seconds: 5 } });
  clock.advance(5000);
  assert.deepEqual(transport.take(), [['b']]);
  reporter.stop();
  assert.equal(clock.pendingTimerCount, 0);
});

test('a lost stream ends the reports; a new one begins anew with the node', () => {
  const { clock, transport, stats, reporter } = setUp();
  transport.open();
  transport.ask({ sendAllClusters: true, loadReportingInterval: { seconds: 1 } });
  transport.take();
  transport.close();
  clock.advance(5000);
  assert.deepEqual(transport.take(), []);
  assert.equal(stats.read('load_reporter.errors'), 1);
  transport.open();
  assert.equal(transport.sent[0]?.node?.id, 'n');
  reporter.stop();
});

test('a server that asks without an interval, or says what is no request, gets a new stream; a tiny one is bounded', () => {
  const { clock, transport, reporter } = setUp();
  transport.open();
  transport.ask({ sendAllClusters: true });
  assert.match(transport.restartReason, /without an interval/);
  transport.sendBytes(Buffer.of(255));
  assert.match(transport.restartReason, /not a envoy.service.load_stats/);
  transport.take();
  transport.ask({ sendAllClusters: true, loadReportingInterval: { nanos: 1_000_000 } });
  clock.advance(1000);
  assert.equal(transport.take().length, 10);
  reporter.stop();
});
