import { networkFilter } from '../tcp/subject.ts';
import { freePortOfBoth, UdpClient, udpListener, UdpServer } from '../udp/udp-parts.ts';
import { assignment, cluster, endpoint, listener, socketAddress, type Json } from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';

/** The UDP proxy: what comes through, and what does not. */
export async function runUdpScenario(movements: Movements): Promise<void> {
  // An answer that fits into IPv6, and not into IPv4.
  const server = await UdpServer.start(() => Buffer.alloc(65_520), '::1');
  const small = await UdpServer.start(() => Buffer.alloc(10));
  const names = ['small', 'large', 'long', 'refused', 'forbidden', 'unknown'] as const;
  const ports = new Map<string, number>();
  for (const name of names) ports.set(name, await freePortOfBoth());
  const listen = (name: string, clusterName = name, fields: Json = {}): Json => ({
    name,
    ...udpListener(ports.get(name) ?? 0, {
      stat_prefix: 'p',
      cluster: clusterName,
      idle_timeout: '0.5s',
      ...fields,
    }),
  });
  const at = (name: string, address: Json): Json =>
    cluster(name, [], { load_assignment: assignment(name, [{ endpoint: { address } }]) });
  const sidecar = await startSidecarProcess({
    static_resources: {
      listeners: [
        listen('small'),
        listen('large'),
        listen('long', 'large', { upstream_socket_config: { prefer_gro: false } }),
        listen('refused'),
        listen('forbidden'),
        listen('unknown'),
        listener('ready', {}, { filter_chains: [{ filters: [networkFilter('echo.v3.Echo')] }] }),
      ],
      clusters: [
        cluster('small', [small.port]),
        at('large', socketAddress(server.port, '::1')),
        cluster('refused', [], {
          load_assignment: assignment('refused', [endpoint(await freePortOfBoth())]),
        }),
        at('forbidden', socketAddress(9, '255.255.255.255')),
      ],
    },
  });
  const run = new ScenarioRun(sidecar, movements);
  const clients: UdpClient[] = [];
  try {
    await sidecar.portOf('ready');
    for (const name of names) clients.push(await UdpClient.open(ports.get(name) ?? 0));
    const sendAll = (): void => {
      for (const client of clients) client.send('x');
      clients[0]?.send(Buffer.alloc(2_000));
    };
    const session = 'downstream_sess';
    await run.repeatUntilMoved(
      'udp.<stat_prefix>.',
      [
        ...['total', 'active', 'no_route', 'rx_bytes', 'rx_datagrams', 'tx_bytes', 'tx_datagrams'].map(
          (name) => `${session}_${name}`,
        ),
        `${session}_tx_errors`,
      ],
      sendAll,
    );
    await run.repeatUntilMoved(
      'cluster.<cluster>.udp.sess_',
      ['rx_datagrams', 'rx_datagrams_dropped', 'rx_errors', 'tx_datagrams', 'tx_errors'],
      sendAll,
    );
    await run.untilMoved('listener.<address>.udp.', 'downstream_rx_datagram_dropped');
    await run.untilMoved('udp.<stat_prefix>.', 'idle_timeout');
  } finally {
    for (const client of clients) client.close();
    await sidecar.stop();
    server.close();
    small.close();
  }
}
