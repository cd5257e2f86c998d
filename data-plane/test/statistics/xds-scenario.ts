import { createServer } from 'node:net';
import { once } from 'node:events';
import { resourceTypes } from '../../src/config/resources/testing/decode-yaml.ts';
import { RawClient } from '../../src/router/testing/raw-client.ts';
import {
  assignment,
  cluster as staticCluster,
  edsCluster,
  endpoint,
  listener,
  manager,
  route,
  routeConfig,
  socketAddress,
} from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess, type SidecarProcess } from './sidecar-process.ts';
import { dynamicResources, XdsPusher } from './xds-pusher.ts';

const merging = { common_lb_config: { update_merge_window: '0.5s' } };
const { cluster, endpoints, listener: listenerType, routeTable } = resourceTypes;
const ofCds = 'cluster_manager.cds.';
const ofLds = 'listener_manager.lds.';
const ofRds = 'http.<stat_prefix>.rds.<route_config>.';

/** A control plane that is late, changes its mind, sends what must be refused, and goes away. */
export async function runXdsScenario(movements: Movements): Promise<void> {
  const pusher = new XdsPusher();
  await pusher.server.listen();
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const sidecar = await startSidecarProcess(dynamicResources(pusher.server.port), {
    argv: ['--concurrency', '2', '--drain-time-s', '1'],
  });
  const run = new ScenarioRun(sidecar, movements);
  try {
    await pusher.connected();
    // Nothing is answered at first: both first fetches run out.
    await run.untilMoved(ofCds, 'init_fetch_timeout');
    await run.untilMoved(ofLds, 'init_fetch_timeout');
    await changeClusters(pusher, run);
    await changeListeners(pusher, run, sidecar, taken.address() as { port: number });
    pusher.server.kill();
    for (const prefix of [ofCds, ofLds, ofRds]) await run.untilMoved(prefix, 'update_failure');
  } finally {
    await sidecar.stop();
    pusher.server.kill();
    taken.close();
  }
}

async function changeClusters(pusher: XdsPusher, run: ScenarioRun): Promise<void> {
  const names = ['known', 'brief', 'wrong', 'missing', 'late'];
  const clusters = Object.fromEntries(names.map((name) => [name, edsCluster(name, merging)]));
  const forEver = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' };
  pusher.push(cluster, {
    ...clusters,
    brief: edsCluster('brief', { common_lb_config: { update_merge_window: '0.001s' } }),
    warming: edsCluster('warming', { eds_cluster_config: { eds_config: forEver } }),
  });
  await run.untilMoved('control_plane.', 'identifier');
  await run.untilMoved('cluster_manager.', 'warming_clusters');
  for (const name of names) await pusher.asked(endpoints, name);
  let weight = 1;
  const assign = (name: string, isLarger = false): void => {
    const hosts = [endpoint(1, { load_balancing_weight: ++weight }), ...(isLarger ? [endpoint(2)] : [])];
    pusher.push(endpoints, { [name]: assignment(name, hosts) });
  };
  assign('known');
  assign('brief');
  pusher.push(endpoints, { wrong: assignment('wrong', [endpoint(99_999)]) });
  pusher.push(endpoints, {}, ['missing']);
  await run.untilMoved(
    'cluster.<cluster>.',
    'update_success',
    'update_rejected',
    'update_empty',
    'init_fetch_timeout',
    'warming_state',
  );
  // A change of a weight alone is sent at once after a quiet window, else when the window has passed.
  await run.repeatUntilMoved('cluster_manager.', ['update_out_of_merge_window'], () => assign('brief'));
  let lookCount = 0;
  await run.repeatUntilMoved('cluster_manager.', ['cluster_updated_via_merge'], () => {
    // Two at once, and then nothing for longer than the window.
    if (lookCount++ % 50 === 0) for (let repeat = 0; repeat < 2; repeat++) assign('known');
  });
  let isLarger = false;
  await run.repeatUntilMoved('cluster_manager.', ['update_merge_cancelled'], () => {
    assign('known', isLarger);
    assign('known', isLarger);
    isLarger = !isLarger;
    assign('known', isLarger);
  });
  pusher.push(cluster, { known: edsCluster('known', { ...merging, connect_timeout: '1s' }) }, ['wrong']);
  pusher.push(cluster, { bad: edsCluster('') });
  await run.untilMoved('cluster_manager.', 'cluster_modified', 'cluster_removed', 'cds.update_rejected');
}

async function changeListeners(
  pusher: XdsPusher,
  run: ScenarioRun,
  sidecar: SidecarProcess,
  taken: { readonly port: number },
): Promise<void> {
  // Whoever has that port never answers.
  pusher.push(cluster, { silent: staticCluster('silent', [taken.port]) });
  pusher.push(listenerType, {
    routed: listener('routed', manager('routed', 'table')),
    taken: listener('taken', manager('taken', []), { address: socketAddress(taken.port) }),
    short: listener('short', manager('short', [route('c', { cluster: 'silent' })])),
  });
  await run.untilMoved('listener_manager.', 'total_listeners_warming', 'listener_create_failure');
  await run.untilMoved(ofRds, 'init_fetch_timeout');
  const cut = await RawClient.open(await sidecar.portOf('short'));
  cut.send('GET /c/ HTTP/1.1\r\nhost: a\r\n\r\n');
  await run.untilMoved('cluster.<cluster>.', 'upstream_rq_active');
  // Its filter chain is replaced, and the old one has its time.
  pusher.push(listenerType, { short: listener('short', manager('short', [])) });
  await cut.closed();
  await run.untilMoved('http.<stat_prefix>.', 'downstream_cx_destroy_local_active_rq');
  pusher.push(routeTable, { table: routeConfig('table', []) });
  await run.untilMoved(ofRds, 'config_reload', 'version_text');
  pusher.push(routeTable, { table: { name: 'table', virtual_hosts: [{ name: '' }] } });
  pusher.push(routeTable, {}, ['table']);
  await run.untilMoved(ofRds, 'update_rejected', 'update_empty');
  pusher.push(listenerType, { routed: listener('routed', manager('changed', 'table')) }, ['short']);
  pusher.push(listenerType, { bad: { name: 'bad' } });
  await run.untilMoved(
    'listener_manager.',
    'listener_in_place_updated',
    'listener_removed',
    'total_listeners_draining',
    'lds.update_rejected',
    'lds.update_success',
  );
}

/** More requests than the bootstrap allows, for as long as anybody looks. */
export async function runRateLimitScenario(movements: Movements): Promise<void> {
  const pusher = new XdsPusher();
  await pusher.server.listen();
  const limit = { rate_limit_settings: { max_tokens: 1, fill_rate: 0.01 } };
  const sidecar = await startSidecarProcess(dynamicResources(pusher.server.port, limit));
  const run = new ScenarioRun(sidecar, movements);
  try {
    await pusher.connected();
    await run.untilMoved('control_plane.', 'pending_requests', 'rate_limit_enforced');
  } finally {
    await sidecar.stop();
    pusher.server.kill();
  }
}
