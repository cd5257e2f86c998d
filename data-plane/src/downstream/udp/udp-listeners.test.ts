import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Listener } from '../../config/model/listener.ts';
import { SharedScopes } from '../../stats/shared-scopes.ts';
import type { SocketAddress } from '../../transport/connection.ts';
import { UdpHostSocket } from '../../transport/udp-socket.ts';
import { createCountingStats } from '../testing/counting-stats.ts';
import type { UdpFilter, UdpSender } from './udp-filter.ts';
import { WorkerUdpListeners } from './udp-listeners.ts';

function listener(name: string, port: number, statPrefix: string, maxDatagramBytes = 10): Listener {
  return {
    name,
    address: { address: '127.0.0.1', port, protocol: 'udp' },
    trafficDirection: 'unspecified',
    filterChains: [],
    perConnectionBufferLimitBytes: 0,
    drainType: 'default',
    statPrefix: '',
    udp: {
      maxDatagramBytes,
      proxy: {
        statPrefix,
        route: { kind: 'cluster', name: 'c' },
        idleTimeoutMs: 1_000,
        usesPerPacketLoadBalancing: false,
        maxUpstreamDatagramBytes: 1_500,
        accessLogs: [],
        proxyAccessLogs: [],
      },
    },
  };
}

/** Says which of them answers. */
class NamingFilter implements UdpFilter {
  isClosed = false;
  readonly #name: string;
  readonly #sender: UdpSender;

  constructor(name: string, sender: UdpSender) {
    this.#name = name;
    this.#sender = sender;
  }

  onDatagram(datagram: Buffer, peer: SocketAddress): void {
    this.#sender.send(Buffer.from(`${this.#name} ${datagram.toString()}`), peer, () => undefined);
  }

  onReceiveError(): void {
    assert.fail('nothing is wrong');
  }

  close(): void {
    this.isClosed = true;
  }
}

function setUp(t: TestContext) {
  const filters = new Map<string, NamingFilter>();
  const stats = createCountingStats();
  const listeners = new WorkerUdpListeners({
    scopes: new SharedScopes(stats),
    hasReusePort: false,
    createUdpFilter(proxy, sender) {
      const filter = new NamingFilter(proxy.statPrefix, sender);
      filters.set(proxy.statPrefix, filter);
      return filter;
    },
  });
  t.after(() => listeners.close());
  return { listeners, filters, stats };
}

/** From one client, whose answers come to it alone. */
async function ask(host: SocketAddress, ...datagrams: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = new UdpHostSocket(host, {
      onDatagram(answer) {
        socket.close();
        resolve(answer.toString());
      },
      onError() {
        socket.close();
        resolve('refused');
      },
    });
    for (const datagram of datagrams) socket.send(Buffer.from(datagram), () => undefined);
  });
}

test('a changed listener takes the socket over, and the one before it ends', async (t) => {
  const { listeners, filters } = setUp(t);
  assert.deepEqual(await listeners.apply([listener('l', 0, 'one')]), []);
  const address = listeners.addressOf('l');
  assert.ok(address !== undefined && address.port > 0);
  assert.equal(await ask(address, 'x'), 'one x');
  const applied = listeners.apply([listener('l', 0, 'two')]);
  listeners.closeUnused();
  assert.deepEqual(await applied, []);
  assert.equal(filters.get('one')?.isClosed, true);
  assert.deepEqual(listeners.addressOf('l'), address);
  assert.equal(await ask(address, 'x'), 'two x');
  listeners.remove(['l']);
  listeners.closeUnused();
  assert.equal(filters.get('two')?.isClosed, true);
  assert.equal(await ask(address, 'x'), 'refused');
});

test('another listener may take over what one leaves, and a long datagram is nobody’s', async (t) => {
  const { listeners, stats } = setUp(t);
  await listeners.apply([listener('first', 0, 'one')]);
  const { port = 0 } = listeners.addressOf('first') ?? {};
  // Under its own port, as the main thread names it once that is known.
  const { listeners: others } = setUp(t);
  assert.match(
    (await others.apply([listener('second', port, 'two')]))[0]?.message ?? '',
    /Address already in use|address already in use/,
  );
  listeners.remove(['first']);
  listeners.closeUnused();
  assert.deepEqual(await others.apply([listener('third', port, 'three', 5)]), []);
  const address = { address: '127.0.0.1', port };
  assert.equal(await ask(address, '12345'), 'three 12345');
  assert.deepEqual(await listeners.apply([listener('first', 0, 'one', 3)]), []);
  const own = listeners.addressOf('first') ?? address;
  assert.equal(await ask(own, '1234', '123'), 'one 123');
  const dropped = `listener.127.0.0.1_0.udp.downstream_rx_datagram_dropped`;
  assert.equal(stats.value(dropped), 1);
});
