import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { get, RawClient } from '../../src/router/testing/raw-client.ts';
import { listener, manager } from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';

const exhausted = 'overload.heddle.resource_monitors.';
const preload = `--import=${join(import.meta.dirname, 'failing-worker.ts')}`;
const resources = { static_resources: { listeners: [listener('main', manager('main', []))] } };

/** A worker whose heap is nearly full, and which dies. */
export async function runHeapScenario(movements: Movements): Promise<void> {
  const sidecar = await startSidecarProcess(resources, {
    nodeArguments: ['--max-old-space-size=128', preload],
  });
  const run = new ScenarioRun(sidecar, movements);
  try {
    await get(await sidecar.portOf('main'), '/');
    sidecar.signal('SIGUSR2');
    await run.untilMoved(exhausted, 'worker_heap.exhausted');
    sidecar.signal('SIGWINCH');
    await run.untilMoved('server.', 'worker_deaths');
  } finally {
    await sidecar.stop();
  }
}

/** More connections than there are file descriptors. */
export async function runDescriptorScenario(movements: Movements): Promise<void> {
  const descriptorLimit = 128;
  const sidecar = await startSidecarProcess(resources, { descriptorLimit });
  const run = new ScenarioRun(sidecar, movements);
  const clients: Socket[] = [];
  try {
    const port = await sidecar.portOf('main');
    while (clients.length < descriptorLimit) {
      const client = connect(port, '127.0.0.1');
      client.on('error', () => undefined);
      clients.push(client);
    }
    // The admin interface accepts on, but gets no descriptor before some are free.
    await run.untilMoved(exhausted, 'descriptors.exhausted');
    await run.untilMoved('overload.envoy.overload_actions.stop_accepting_connections.', 'active');
  } finally {
    for (const client of clients) client.destroy();
    await sidecar.stop();
  }
}

/** More connections than one listener may have, and than all together. */
export async function runConnectionLimitScenario(movements: Movements): Promise<void> {
  const limits = {
    'envoy.resource_limits.listener.limited.connection_limit': 1,
    'overload.global_downstream_max_connections': 1,
  };
  const sidecar = await startSidecarProcess({
    layered_runtime: { layers: [{ name: 'limits', static_layer: limits }] },
    static_resources: {
      listeners: [
        listener('limited', manager('limited', []), { ignore_global_conn_limit: true }),
        listener('other', manager('other', [])),
      ],
    },
  });
  const run = new ScenarioRun(sidecar, movements);
  const clients: RawClient[] = [];
  try {
    for (const name of ['limited', 'limited', 'limited', 'other', 'other', 'other']) {
      clients.push(await RawClient.open(await sidecar.portOf(name)));
    }
    await run.untilMoved('listener.<address>.', 'downstream_cx_overflow', 'downstream_global_cx_overflow');
  } finally {
    for (const client of clients) client.close();
    await sidecar.stop();
  }
}
