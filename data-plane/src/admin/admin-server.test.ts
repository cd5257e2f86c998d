import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createStatsReader } from '../stats/stats-reader.ts';
import { createStatsStore } from '../stats/stats-store.ts';
import { startAdminServer, type AdminServer } from './admin-server.ts';
import { createControlEndpoints } from './control-endpoints.ts';
import { createServerEndpoints, type ServerState } from './server-endpoints.ts';
import { createStatsEndpoints } from './stats-endpoints.ts';

const actions: string[] = [];
let state: ServerState = 'INITIALIZING';
let level = 'info';
let admin: AdminServer;
let base: string;
const noPipe = (): void => assert.fail('the address is no pipe');

before(async () => {
  const reader = createStatsReader();
  const store = createStatsStore({ onDeclared: () => undefined });
  store.root.counter('cluster.a.upstream_rq_200').add(3);
  store.root.counter('cluster.a.unused');
  store.root.gauge('server.live').set(1);
  store.root.histogram('http.in.downstream_rq_time').record(7);
  store.root.text('control_plane.identifier').set('cp "1"');
  const declaration = store.takeDeclaration();
  if (declaration !== undefined) reader.onDeclaration('main', declaration);
  admin = await startAdminServer(
    { address: '127.0.0.1', port: 0 },
    [
      ...createServerEndpoints({
        get state() {
          return state;
        },
        version: 'heddle/0',
        uptimeSeconds: 6,
        commandLineOptions: { concurrency: 2 },
        node: { id: 'n' },
        listeners: () => [
          { name: 'one', address: { address: '0.0.0.0', port: 80 } },
          { name: 'six', address: { address: '::1', port: 81 } },
        ],
      }),
      ...createStatsEndpoints(reader),
      ...createControlEndpoints({
        failHealthCheck: (isFailed) => actions.push(`fail ${isFailed}`),
        drainListeners: (options) => actions.push(`drain ${JSON.stringify(options)}`),
        quit: () => actions.push('quit'),
        reopenLogs: () => actions.push('reopen'),
        setLogLevel(wanted) {
          if (wanted !== 'debug') return undefined;
          level = wanted;
          return level;
        },
        get logLevel() {
          return level;
        },
      }),
    ],
    createSilentLogger(),
    noPipe,
  );
  base = `http://127.0.0.1:${admin.address.port}`;
});

after(() => admin.close());

async function get(path: string, method = 'GET'): Promise<{ status: number; body: string }> {
  const response = await fetch(base + path, { method });
  return { status: response.status, body: await response.text() };
}

test('/ready is 503 with the state until LIVE', async () => {
  assert.deepEqual(await get('/ready'), { status: 503, body: 'INITIALIZING\n' });
  state = 'LIVE';
  assert.deepEqual(await get('/ready'), { status: 200, body: 'LIVE\n' });
});

test('what changes something takes POST only, and a GET changes nothing', async () => {
  assert.deepEqual(await get('/quitquitquit'), {
    status: 405,
    body: 'Method GET not allowed, POST required.\n',
  });
  assert.deepEqual(actions, []);
  assert.deepEqual(await get('/healthcheck/fail', 'POST'), { status: 200, body: 'OK\n' });
  assert.equal((await get('/drain_listeners?graceful&inboundonly', 'POST')).status, 200);
  assert.deepEqual(actions, ['fail true', 'drain {"isGraceful":true,"inboundOnly":true,"skipExit":false}']);
});

test('an unknown path is 404 and lists the commands', async () => {
  const { status, body } = await get('/nope');
  assert.equal(status, 404);
  assert.match(body, /^invalid path\. admin commands are:\n/);
  assert.match(body, / {2}\/stats: /);
  assert.equal((await get('/help')).status, 200);
});

test('/listeners prints IPv6 in brackets', async () => {
  assert.equal((await get('/listeners')).body, 'one::0.0.0.0:80\nsix::[::1]:81\n');
});

test('/stats as text: texts, then scalars, then histograms, each sorted', async () => {
  const lines = (await get('/stats')).body.trimEnd().split('\n');
  assert.deepEqual(lines.slice(0, 4), [
    'control_plane.identifier: "cp "1""',
    'cluster.a.unused: 0',
    'cluster.a.upstream_rq_200: 3',
    'server.live: 1',
  ]);
  assert.match(lines[4] ?? '', /^http\.in\.downstream_rq_time: P0\(nan,/);
});

test('/stats filters by name, use and type, and refuses bad filters', async () => {
  assert.equal((await get('/stats?filter=rq_2')).body, 'cluster.a.upstream_rq_200: 3\n');
  assert.equal((await get('/stats?usedonly&type=Counters')).body, 'cluster.a.upstream_rq_200: 3\n');
  assert.equal((await get('/stats?filter=(')).status, 400);
  assert.equal((await get('/stats?type=Counter')).status, 400);
  assert.equal((await get('/stats?format=xml')).status, 400);
});

test('/stats?format=json has scalars and quantiles', async () => {
  const { stats } = JSON.parse((await get('/stats?format=json')).body) as { stats: { name?: string }[] };
  assert.ok(stats.some(({ name }) => name === 'server.live'));
  assert.ok(stats.some((stat) => 'histograms' in stat));
});

test('/stats/prometheus has labels, buckets and escapes', async () => {
  const { body } = await get('/stats/prometheus');
  assert.match(
    body,
    /# TYPE envoy_cluster_upstream_rq counter\nenvoy_cluster_upstream_rq\{envoy_response_code="200",envoy_cluster_name="a"\} 3\n/,
  );
  assert.match(
    body,
    /envoy_http_downstream_rq_time_bucket\{envoy_http_conn_manager_prefix="in",le="5"\} 0\n/,
  );
  assert.match(
    body,
    /envoy_http_downstream_rq_time_bucket\{envoy_http_conn_manager_prefix="in",le="10"\} 1\n/,
  );
  assert.match((await get('/stats?format=prometheus&text_readouts=on')).body, /text_value="cp \\"1\\""\} 0/);
});

test('/logging sets a known level', async () => {
  assert.equal((await get('/logging?level=debug', 'POST')).body, 'active loggers:\n  all: debug\n');
  assert.equal((await get('/logging?level=loud', 'POST')).status, 400);
});

test('an address that is taken is an error that names it', async () => {
  await assert.rejects(
    startAdminServer(admin.address, [], createSilentLogger(), noPipe),
    /admin address 127\.0\.0\.1:\d+ is in use/,
  );
});

test('/reset_counters sets counters to zero', async () => {
  await get('/reset_counters', 'POST');
  assert.match((await get('/stats')).body, /upstream_rq_200: 0\n/);
});
