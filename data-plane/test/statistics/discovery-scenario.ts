import { get } from '../../src/router/testing/raw-client.ts';
import { startBehavingUpstream } from './behaving-upstream.ts';
import {
  assignment,
  cluster,
  endpoint,
  httpHealthCheck,
  listener,
  manager,
  route,
} from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';
import { probeAddress } from '../../src/probe-address.ts';

/** Hosts that names stand for, and hosts that are checked. */
export async function runDiscoveryScenario(movements: Movements): Promise<void> {
  const upstream = await startBehavingUpstream();
  const { port: closedPort } = await probeAddress({ address: '127.0.0.1', port: 0 });
  upstream.health.set('sick', 'status/503');
  upstream.health.set('degraded', 'status/200/degraded');
  const checked = (name: string, port = upstream.port) =>
    cluster(name, [port], httpHealthCheck(`/health/${name}`));
  const named = (name: string, address: string) =>
    cluster(name, [], {
      type: 'STRICT_DNS',
      dns_refresh_rate: '0.1s',
      load_assignment: assignment(name, [
        { endpoint: { address: { socket_address: { address, port_value: upstream.port } } } },
      ]),
    });
  const sidecar = await startSidecarProcess({
    static_resources: {
      clusters: [
        checked('healthy'),
        checked('sick'),
        checked('degraded'),
        checked('away', closedPort),
        checked('failing'),
        named('known', 'localhost'),
        named('unknown', 'name.invalid'),
        cluster('leaving', [], {
          load_assignment: assignment('leaving', [endpoint(upstream.port, { health_status: 'DRAINING' })]),
        }),
      ],
      listeners: [
        listener(
          'main',
          manager('main', [route('sick', { cluster: 'sick' }), route('failing', { cluster: 'failing' })]),
        ),
      ],
    },
  });
  const run = new ScenarioRun(sidecar, movements);
  try {
    const port = await sidecar.portOf('main');
    await get(port, '/sick/status/200');
    await get(port, '/failing/status/200/fail-check');
    await run.untilMoved(
      'cluster.<cluster>.',
      'health_check.passive_failure',
      'health_check.network_failure',
      'health_check.degraded',
      'membership_degraded',
      'membership_excluded',
      'lb_healthy_panic',
      'update_success',
      'update_failure',
      'update_no_rebuild',
    );
  } finally {
    await sidecar.stop();
    await upstream.close();
  }
}
