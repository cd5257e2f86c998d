import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { probeAddress } from '../../src/probe-address.ts';
import { listenerFilter, type Json } from '../statistics/bootstrap-parts.ts';

const extensions = 'type.googleapis.com/envoy.extensions.filters.udp.udp_proxy.v3';

/** A listener of datagrams; `proxy`: of the UDP proxy. */
export function udpListener(
  port: number,
  proxy: Json,
  fields: Json = {},
): { readonly filter_chains: readonly Json[] } & Json {
  const { name } = listenerFilter('udp_proxy');
  return {
    address: { socket_address: { protocol: 'UDP', address: '127.0.0.1', port_value: port } },
    udp_listener_config: {},
    filter_chains: [],
    listener_filters: [{ name, typed_config: { '@type': `${extensions}.UdpProxyConfig`, ...proxy } }],
    ...fields,
  };
}

/** A matcher that asks nothing. */
export function udpRoute(cluster: string): Json {
  return { on_no_match: udpAction(cluster) };
}

/** What stands behind a match. */
export function udpAction(cluster: string): Json {
  return { action: { name: 'route', typed_config: { '@type': `${extensions}.Route`, cluster } } };
}

/** `SourceIPInput` and its like. */
export function udpInput(type: string): Json {
  const inputs = 'type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3';
  return { name: 'input', typed_config: { '@type': `${inputs}.${type}` } };
}

/** Free for streams and for datagrams. */
export async function freePortOfBoth(): Promise<number> {
  for (;;) {
    const [port = 0] = await findFreePorts(1);
    const isFree = await probeAddress({ address: '127.0.0.1', port, protocol: 'udp' }).then(
      () => true,
      () => false,
    );
    if (isFree) return port;
  }
}

/** Answers each datagram with what `answer` makes of it. */
export class UdpServer {
  readonly port: number;
  readonly peers = new Set<number>();
  datagramCount = 0;
  readonly #socket: Socket;

  private constructor(socket: Socket, answer: (datagram: Buffer) => Buffer | string) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on('message', (datagram, peer: RemoteInfo) => {
      this.datagramCount++;
      this.peers.add(peer.port);
      socket.send(answer(datagram), peer.port, peer.address);
    });
  }

  static async start(
    answer: (datagram: Buffer) => Buffer | string,
    address = '127.0.0.1',
  ): Promise<UdpServer> {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new UdpServer(socket, answer);
  }

  close(): void {
    this.#socket.close();
  }
}

/** A client with a port of its own. */
export class UdpClient {
  readonly received: string[] = [];
  readonly #socket: Socket;
  readonly #port: number;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (datagram) => this.received.push(datagram.toString('latin1')));
    socket.on('error', () => undefined);
  }

  static async open(port: number, from = '127.0.0.1'): Promise<UdpClient> {
    const socket = createSocket('udp4');
    socket.bind(0, from);
    await once(socket, 'listening');
    return new UdpClient(socket, port);
  }

  get localPort(): number {
    return this.#socket.address().port;
  }

  send(datagram: string | Buffer): void {
    this.#socket.send(datagram, this.#port, '127.0.0.1');
  }

  /** The answer; datagrams may be lost, so it asks again. */
  async ask(datagram: string): Promise<string> {
    const count = this.received.length;
    this.send(datagram);
    return this.nextAfter(count);
  }

  async nextAfter(count: number): Promise<string> {
    const startMs = systemClock.monotonicMs();
    for (;;) {
      const answer = this.received[count];
      if (answer !== undefined) return answer;
      if (systemClock.monotonicMs() - startMs > 10_000) throw new Error('no datagram came');
      await sleep(systemClock, 5);
    }
  }

  close(): void {
    this.#socket.close();
  }
}
