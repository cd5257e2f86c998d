import { exchange, get, RawClient } from '../../src/router/testing/raw-client.ts';
import { startBehavingUpstream } from './behaving-upstream.ts';
import { cluster, listener, manager, route } from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';

const again = {
  retry_on: 'retriable-headers',
  num_retries: 1,
  retriable_headers: [{ name: 'x-again', present_match: true }],
};
const statuses = ['200', '302', '404', '503'];

/** Answers of every class, from outside and inside, canaries and retried ones. */
export async function runAnswersScenario(movements: Movements): Promise<void> {
  const upstream = await startBehavingUpstream();
  const routes = [route('plain', { cluster: 'c' }), route('again', { cluster: 'c', retry_policy: again })];
  const upgrades = { upgrade_configs: [{ upgrade_type: 'test' }] };
  const inside = {
    use_remote_address: true,
    internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] },
  };
  const sidecar = await startSidecarProcess({
    static_resources: {
      clusters: [cluster('c', [upstream.port])],
      listeners: [
        listener('outside', manager('outside', routes, upgrades)),
        listener('inside', manager('inside', routes, { ...upgrades, ...inside })),
      ],
    },
  });
  const run = new ScenarioRun(sidecar, movements);
  try {
    for (const name of ['outside', 'inside']) {
      const port = await sidecar.portOf(name);
      for (const status of statuses) {
        await get(port, `/plain/status/${status}/canary`);
        await get(port, `/again/status/${status}/again`);
      }
      const tunnel = await openTunnel(port, '/plain/status/101/canary');
      await run.untilMoved('http.<stat_prefix>.', 'downstream_cx_upgrades_active');
      tunnel.close();
      const retried = await openTunnel(port, '/again/status/101/again');
      retried.close();
    }
    await exchange(await sidecar.portOf('outside'), 'GET /nowhere HTTP/1.1\nhost: a');
    await run.untilMoved(
      'cluster.<cluster>.',
      ...['', 'canary.', 'internal.', 'external.'].flatMap((kind) => [
        `${kind}upstream_rq_1xx`,
        `${kind}upstream_rq_time`,
      ]),
      'retry.upstream_rq_1xx',
    );
  } finally {
    await sidecar.stop();
    await upstream.close();
  }
}

async function openTunnel(port: number, path: string): Promise<RawClient> {
  const client = await RawClient.open(port);
  client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: test\r\n\r\n`);
  await client.answer();
  return client;
}
