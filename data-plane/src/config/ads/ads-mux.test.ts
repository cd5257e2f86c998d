import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createSotwProtocol } from './ads-protocol.ts';
import { createRequestRateLimit } from './request-rate-limit.ts';
import { createSubscriptionStats } from './subscription-stats.ts';
import { anys, api, brief, createHarness, sotw } from './testing/mux-harness.ts';
import { RecordingWatcher } from './testing/text-resource.ts';
import { hashVersion } from './version-hash.ts';

test('state of the world: subscribe, update, removal by absence, the node once', async () => {
  const { mux, transport, clusters } = sotw();
  const watcher = new RecordingWatcher();
  mux.source(clusters).subscribe(undefined, watcher, 0);
  transport.open();
  await setImmediate();
  assert.deepEqual(brief(transport), ['cds / [] +node']);
  transport.respond({ typeUrl: 'cds', versionInfo: '1', nonce: 'a', resources: anys('cds', 'x=1', 'y=1') });
  await setImmediate();
  assert.deepEqual(watcher.take(), ['update 1 [x=1 y=1] -[]']);
  assert.deepEqual(brief(transport), ['cds 1/a []']);
  transport.respond({ typeUrl: 'cds', versionInfo: '2', nonce: 'b', resources: anys('cds', 'y=2') });
  await setImmediate();
  assert.deepEqual(watcher.take(), ['update 2 [y=2] -[x]']);
  transport.respond({ typeUrl: 'cds', versionInfo: '3', nonce: 'c' });
  await setImmediate();
  assert.deepEqual(watcher.take(), ['update 3 [] -[y]']);
  mux.stop();
});

test('a server that sends what was refused again and again is answered slower and slower', async () => {
  const { mux, transport, clock, clusters } = sotw();
  mux.source(clusters).subscribe(undefined, new RecordingWatcher(), 0);
  transport.open();
  const respond = async (nonce: string): Promise<number> => {
    brief(transport);
    transport.respond({ typeUrl: 'cds', versionInfo: '1', nonce, resources: anys('cds', 'x=bad') });
    for (let waitedMs = 0; ; waitedMs += 100) {
      await setImmediate();
      if (brief(transport).length > 0) return waitedMs;
      clock.advance(100);
    }
  };
  assert.deepEqual(
    [await respond('a'), await respond('b'), await respond('c'), await respond('d')],
    [0, 100, 200, 400],
  );
  brief(transport);
  transport.respond({ typeUrl: 'cds', versionInfo: '1', nonce: 'e', resources: anys('cds', 'x=bad') });
  await setImmediate();
  transport.close();
  transport.open();
  await setImmediate();
  assert.deepEqual(
    brief(transport),
    ['cds / [] +node'],
    'a new stream does not wait for an answer of the old one',
  );
  assert.equal(clock.pendingTimerCount, 0);
  mux.stop();
});

test('children that a response subscribes to are asked for in one request, after the ACK of the parent', async () => {
  const { mux, transport, clusters, endpoints } = sotw();
  const child = new RecordingWatcher();
  const parent = new RecordingWatcher();
  parent.onUpdateHook = ({ upserts }) => {
    for (const { name } of upserts) mux.source(endpoints).subscribe([name], child, 0);
  };
  mux.source(clusters).subscribe(undefined, parent, 0);
  transport.open();
  await setImmediate();
  brief(transport);
  transport.respond({ typeUrl: 'cds', versionInfo: '1', nonce: 'a', resources: anys('cds', 'x=1', 'y=1') });
  await setImmediate();
  assert.deepEqual(brief(transport), ['cds 1/a []', 'eds / [x y]']);
  mux.stop();
});

test('statistics under the names of Envoy', async () => {
  const { mux, transport, stats, clusters } = sotw();
  const scope = createSubscriptionStats(stats.scope('cluster_manager.cds.'));
  mux.source(clusters).subscribe(undefined, new RecordingWatcher(), 0, scope);
  assert.equal(stats.read('control_plane.connected_state'), 0);
  transport.open();
  assert.equal(stats.read('control_plane.connected_state'), 1);
  transport.respond({ typeUrl: 'cds', versionInfo: '1', nonce: 'a', resources: anys('cds', 'x=1') });
  transport.respond({ typeUrl: 'cds', versionInfo: '2', nonce: 'b', resources: anys('cds', 'x=bad') });
  await setImmediate();
  transport.close();
  assert.equal(stats.read('control_plane.connected_state'), 0);
  const names = ['update_attempt', 'update_success', 'update_rejected', 'update_failure'];
  assert.deepEqual(
    names.map((name) => stats.read(`cluster_manager.cds.${name}`)),
    [4, 1, 1, 1],
  );
  assert.equal(stats.read('cluster_manager.cds.version'), hashVersion('1'));
  assert.equal(stats.readText('cluster_manager.cds.version_text'), '1');
  mux.stop();
});

test('bytes that are no response restart the stream', () => {
  const { mux, transport } = sotw();
  transport.open();
  transport.sendBytes(Buffer.from([0x0a, 0x7f]));
  assert.match(transport.restartReason, /not a envoy\.service\.discovery\.v3\.DiscoveryResponse/);
  mux.stop();
});

test('a wrapper that cannot be read is refused alone; the stream stays', async () => {
  const { mux, transport, clusters } = sotw();
  const watcher = new RecordingWatcher();
  mux.source(clusters).subscribe(undefined, watcher, 0);
  transport.open();
  await setImmediate();
  transport.respond({ typeUrl: 'cds', versionInfo: '1', nonce: 'a', resources: anys('cds', 'x=1', 'y=1') });
  await setImmediate();
  watcher.take();
  brief(transport);
  const broken = {
    typeUrl: 'type.googleapis.com/envoy.service.discovery.v3.Resource',
    value: Buffer.from([255]),
  };
  transport.respond({
    typeUrl: 'cds',
    versionInfo: '2',
    nonce: 'b',
    resources: [broken, ...anys('cds', 'x=2')],
  });
  await setImmediate();
  assert.deepEqual(watcher.take(), ['update 2 [x=2] -[]']);
  assert.match(
    brief(transport).join(),
    /^cds 1\/b \[\] 13 cds: not a envoy\.service\.discovery\.v3\.Resource/,
  );
  assert.equal(transport.restartReason, '');
  mux.stop();
});

test('requests beyond the rate limit wait for a token', async () => {
  const { mux, transport, clock, stats, clusters, endpoints } = createHarness(
    createSotwProtocol(api),
    (fakeClock, recorded) =>
      createRequestRateLimit(
        { maxTokens: 1, fillPerSecond: 2 },
        fakeClock,
        recorded.counter('control_plane.rate_limit_enforced'),
      ),
  );
  mux.source(clusters).subscribe(undefined, new RecordingWatcher(), 0);
  mux.source(endpoints).subscribe(['x'], new RecordingWatcher(), 0);
  transport.open();
  await setImmediate();
  assert.deepEqual(brief(transport), ['cds / [] +node']);
  assert.equal(stats.read('control_plane.pending_requests'), 1);
  assert.equal(stats.read('control_plane.rate_limit_enforced'), 1);
  clock.advance(500);
  assert.deepEqual(brief(transport), ['eds / [x]']);
  assert.equal(stats.read('control_plane.pending_requests'), 0);
  mux.stop();
});
