import type { TestContext } from 'node:test';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { systemClock } from '@heddle/shared/time/clock';
import { resourceTypes } from '../../src/config/resources/testing/decode-yaml.ts';
import { askAdmin } from '../statistics/ask-admin.ts';
import { runEnvoyWithAdmin } from '../statistics/envoy-process.ts';
import { isAccepting, startSidecarProcess } from '../statistics/sidecar-process.ts';
import { dynamicResources, XdsPusher } from '../statistics/xds-pusher.ts';
import { clusters, entrance, hosts, table, type Ports } from './resources.ts';

const waiting = { clock: systemClock, deadlineMs: 20_000, intervalMs: 10 };
const drainFlags = ['--drain-time-s', '1'];

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

/** Starts a proxy, and returns its admin port. */
export type Start = (t: TestContext, xdsPort: number) => Promise<number>;

/** A sidecar of ours. */
export const startOwn: Start = async (t, xdsPort) => {
  const sidecar = await startSidecarProcess(dynamicResources(xdsPort), {
    argv: ['--concurrency', '1', ...drainFlags],
  });
  t.after(() => sidecar.stop());
  return sidecar.adminPort;
};

/** A real Envoy. */
export function startTheirs(path: string): Start {
  return async (t, xdsPort) => {
    const envoy = await runEnvoyWithAdmin(path, dynamicResources(xdsPort), drainFlags);
    t.after(() => envoy.stop());
    await envoy.until(() => isAccepting(envoy.adminPort));
    return envoy.adminPort;
  };
}

/** Starts a proxy and gives it all that there is. */
export async function startSubject(t: TestContext, start: Start, servers: Ports): Promise<Subject> {
  const pusher = new XdsPusher();
  await pusher.server.listen();
  t.after(() => pusher.server.kill());
  const free = await findFreePorts(entrances.length);
  const ports = new Map(entrances.map((name, index) => [name, free[index] ?? 0]));
  const adminPort = await start(t, pusher.server.port);
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
