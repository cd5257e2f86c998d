import { get, RawClient } from '../../src/router/testing/raw-client.ts';
import { until } from '../../src/upstream/testing/upstream-server.ts';
import { startBehavingUpstream } from './behaving-upstream.ts';
import { cluster, listener, manager, protocolOptions, route, type Json } from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';
import { startStuckServer } from './stuck-server.ts';
import { probeAddress } from '../../src/probe-address.ts';

const limited = (limits: Json): Json => ({
  circuit_breakers: { thresholds: [{ ...limits, track_remaining: true }] },
});

const ofCluster = 'cluster.<cluster>.';
const ofBreakers = `${ofCluster}circuit_breakers.<priority>.`;

/** Hosts that are slow, wrong, away or too few; limits, time-outs and retries. */
export async function runUpstreamScenario(movements: Movements): Promise<void> {
  const upstream = await startBehavingUpstream();
  const stuck = await startStuckServer();
  const { port: closedPort } = await probeAddress({ address: '127.0.0.1', port: 0 });
  const ports = [upstream.port];
  const clusters = [
    cluster('plain', ports),
    cluster('idle', ports, protocolOptions({ idle_timeout: '0.1s' })),
    cluster('old', ports, protocolOptions({ max_connection_duration: '0.1s' })),
    cluster('few', ports, protocolOptions({ max_requests_per_connection: 1 })),
    cluster('refused', [closedPort]),
    cluster('stuck', [stuck.port], { connect_timeout: '60s', ...limited({ max_pending_requests: 1 }) }),
    cluster('impatient', [stuck.port]),
    cluster('oneConnection', ports, limited({ max_connections: 1 })),
    cluster('oneRequest', ports, limited({ max_requests: 1 })),
    cluster('noRetry', ports, limited({ max_retries: 0 })),
    cluster('empty', []),
  ];
  const retries = { retry_on: '5xx,reset', num_retries: 1 };
  const again = {
    retry_on: 'retriable-headers',
    retriable_headers: [{ name: 'x-again', present_match: true }],
  };
  const routes = [
    ...clusters.map(({ name }) => route(String(name), { cluster: name, timeout: '0s' })),
    route('retried', { cluster: 'plain', retry_policy: retries }),
    route('overflowing', { cluster: 'noRetry', retry_policy: retries }),
    route('again', { cluster: 'plain', retry_policy: again }),
    route('timeout', { cluster: 'plain', timeout: '0.1s' }),
    route('pertry', { cluster: 'plain', retry_policy: { ...retries, per_try_timeout: '0.1s' } }),
    route('pertryidle', { cluster: 'plain', retry_policy: { ...retries, per_try_idle_timeout: '0.1s' } }),
    route('pertryidle', { cluster: 'plain', retry_policy: { ...retries, per_try_idle_timeout: '0.1s' } }),
    { ...route('buffered', { cluster: 'plain', retry_policy: retries }), per_request_buffer_limit_bytes: 4 },
  ];
  const sidecar = await startSidecarProcess({
    static_resources: { clusters, listeners: [listener('main', manager('main', routes))] },
  });
  const run = new ScenarioRun(sidecar, movements);
  const clients: RawClient[] = [];
  const port = await sidecar.portOf('main');
  const hold = async (name: string): Promise<RawClient> => {
    const client = await RawClient.open(port);
    clients.push(client);
    client.send(`GET /${name}/hold HTTP/1.1\r\nhost: a\r\n\r\n`);
    return client;
  };
  try {
    for (const name of ['idle', 'old', 'few']) await get(port, `/${name}/status/200`);
    for (const name of ['refused', 'empty', 'impatient']) await get(port, `/${name}/status/200`);
    for (const path of ['garbage', 'close', 'reset', 'status/200/bye']) await get(port, `/plain/${path}`);
    await get(port, '/retried/close');
    await get(port, '/overflowing/status/503');
    await get(port, '/timeout/hold');
    await get(port, '/pertry/hold');
    await get(port, '/pertryidle/hold');
    await get(port, '/pertryidle/hold');
    await exchangeBody(port, '/buffered/status/503');
    await get(port, '/again/status/503/again');
    await get(port, '/retried/turns');

    const holdCount = (): number => upstream.seen.filter((path) => path === '/hold').length;
    const wanted = holdCount() + 2;
    await hold('oneConnection');
    await hold('oneRequest');
    await until(() => holdCount() === wanted);
    await hold('oneConnection');
    await get(port, '/oneRequest/hold');
    const waiting = await hold('stuck');
    await run.untilMoved(ofBreakers, 'rq_pending_open', 'cx_open', 'rq_open', 'rq_retry_open');
    await get(port, '/stuck/status/200');
    await run.untilMoved(ofCluster, 'upstream_rq_pending_active');
    waiting.socket.resetAndDestroy();
    await run.untilMoved(
      ofCluster,
      'upstream_rq_pending_overflow',
      'upstream_rq_cancelled',
      'upstream_cx_overflow',
      'upstream_rq_active_overflow',
      'upstream_cx_connect_timeout',
      'upstream_cx_idle_timeout',
      'upstream_cx_max_duration_reached',
      'retry_or_shadow_abandoned',
    );
  } finally {
    for (const client of clients) client.close();
    await sidecar.stop();
    await upstream.close();
    await stuck.close();
  }
}

async function exchangeBody(port: number, path: string): Promise<void> {
  const client = await RawClient.open(port);
  client.send(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n123456789`);
  await client.answer();
  client.close();
}
