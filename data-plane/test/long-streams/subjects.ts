import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { systemClock } from '@heddle/shared/time/clock';
import { resourceTypes } from '../../src/config/resources/testing/decode-yaml.ts';
import { askAdmin } from '../statistics/ask-admin.ts';
import { socketAddress } from '../statistics/bootstrap-parts.ts';
import { isAccepting, startSidecarProcess } from '../statistics/sidecar-process.ts';
import { dynamicResources, XdsPusher } from '../statistics/xds-pusher.ts';
import { clusters, entrance, hosts, table, type Ports } from './resources.ts';

const waiting = { clock: systemClock, deadlineMs: 20_000, intervalMs: 10 };
const argv = ['--concurrency', '1', '--drain-time-s', '1'];

/** Where the listeners of a subject accept. */
export type Entrance = 'main' | 'changed' | 'moved' | 'told';
const entrances: readonly Entrance[] = ['main', 'changed', 'moved', 'told'];

/** A proxy that has what its control plane sent at first. */
export class Subject {
  readonly pusher: XdsPusher;
  readonly ports: ReadonlyMap<Entrance, number>;
  readonly #adminPort: number;

  constructor(pusher: XdsPusher, ports: ReadonlyMap<Entrance, number>, adminPort: number) {
    this.pusher = pusher;
    this.ports = ports;
    this.#adminPort = adminPort;
  }

  portOf(name: Entrance): number {
    return this.ports.get(name) ?? 0;
  }

  /** Makes a change, and waits until a statistic of the proxy has moved by it. */
  async change(statistic: string, make: () => void): Promise<void> {
    const before = await this.value(statistic);
    make();
    await this.until(statistic, (value) => value !== before);
  }

  async until(statistic: string, isThere: (value: number) => boolean): Promise<void> {
    await waitUntil(statistic, async () => isThere(await this.value(statistic)), waiting);
  }

  async value(statistic: string): Promise<number> {
    const lines = (await askAdmin(this.#adminPort, '/stats')).split('\n');
    const line = lines.find((one) => one.startsWith(`${statistic}: `));
    return Number(line?.slice(statistic.length + 2) ?? '0');
  }
}

/** Starts a proxy, and returns its admin port: `adminPort`, or one of its own. */
export type Start = (t: TestContext, xdsPort: number, adminPort: number) => Promise<number>;

/** A sidecar of ours. */
export const startOwn: Start = async (t, xdsPort) => {
  const sidecar = await startSidecarProcess(dynamicResources(xdsPort), { argv });
  t.after(() => sidecar.stop());
  return sidecar.adminPort;
};

/** A real Envoy. */
export function startTheirs(path: string): Start {
  return async (t, xdsPort, adminPort) => {
    const bootstrap = {
      node: { id: 'n', cluster: 'c' },
      admin: { address: socketAddress(adminPort) },
      ...dynamicResources(xdsPort),
    };
    const options = ['--config-yaml', JSON.stringify(bootstrap), '-l', 'error', '--use-dynamic-base-id'];
    const process = spawn(path, [...options, ...argv], { stdio: ['ignore', 'ignore', 'inherit'] });
    t.after(async () => {
      process.kill('SIGKILL');
      await once(process, 'close');
    });
    await waitUntil('Envoy answers', () => isAccepting(adminPort), waiting);
    return adminPort;
  };
}

/** Starts a proxy and gives it all that there is. */
export async function startSubject(t: TestContext, start: Start, servers: Ports): Promise<Subject> {
  const pusher = new XdsPusher();
  await pusher.server.listen();
  t.after(() => pusher.server.kill());
  const [freeAdminPort = 0, ...free] = await findFreePorts(1 + entrances.length);
  const ports = new Map(entrances.map((name, index) => [name, free[index] ?? 0]));
  const adminPort = await start(t, pusher.server.port, freeAdminPort);
  await pusher.connected();
  const { cluster, endpoints, listener, routeTable } = resourceTypes;
  await pusher.asked(cluster);
  pusher.push(cluster, clusters(servers));
  for (const name of ['steady', 'leaving']) {
    await pusher.asked(endpoints, name);
    pusher.push(endpoints, hosts(name, [servers.server]));
  }
  await pusher.asked(listener);
  pusher.push(
    listener,
    Object.fromEntries(entrances.map((name) => [name, entrance(name, ports.get(name) ?? 0)])),
  );
  await pusher.asked(routeTable, 'table');
  pusher.push(routeTable, table());
  for (const port of ports.values()) await waitUntil('it accepts', () => isAccepting(port), waiting);
  return new Subject(pusher, ports, adminPort);
}
