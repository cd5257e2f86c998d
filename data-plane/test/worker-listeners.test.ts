import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { Listener } from '../src/config/model/listener.ts';
import { buildChain, buildListener, startProxy } from '../src/router/testing/proxy.ts';
import { RawClient, get } from '../src/router/testing/raw-client.ts';
import {
  buildManager,
  buildRoute,
  buildTable,
  buildVirtualHost,
  prefix,
} from '../src/router/testing/route-fixtures.ts';
import type { SocketAddress } from '../src/transport/connection.ts';
import { until } from '../src/upstream/testing/upstream-server.ts';
import { UdpClient } from './udp/udp-parts.ts';

/** A manager that answers everything itself. */
function answering(body: string) {
  return buildManager(
    buildTable([buildVirtualHost([buildRoute(prefix('/'), { kind: 'direct-response', status: 200, body })])]),
  );
}

const table = buildTable([]);
const request = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

test('an in-place update keeps the connections of unchanged chains and drains the others', async (t) => {
  const proxy = await startProxy(t, table);
  const address = { address: '127.0.0.1', port: 0 };
  const chainFor = (port: number[], body: string, hash: string) =>
    buildChain(answering(body), hash, {
      match: {
        prefixRanges: [],
        directSourcePrefixRanges: [],
        sourceType: 'any',
        sourcePrefixRanges: [],
        sourcePorts: port,
        serverNames: [],
        applicationProtocols: [],
        transportProtocol: '',
      },
    });
  const first = await RawClient.open(proxy.port);
  const second = await RawClient.open(proxy.port);
  // Which chain takes a connection is decided when it is accepted, so these two are on the first listener's chain.
  const ports = [first, second].map(({ socket }) => socket.localPort ?? 0);
  first.send(request);
  assert.equal((await first.answer()).status, 404);
  assert.equal(ports.length, 2);

  await proxy.update(
    buildListener([chainFor([], 'kept', 'kept'), chainFor([1], 'old', 'old')], { address }),
    false,
  );
  const kept = await RawClient.open(proxy.port);
  kept.send(request);
  assert.equal((await kept.answer()).body, 'kept');
  // The replaced listener's connections end with their next answer.
  first.send(request);
  assert.equal((await first.answer()).header('connection'), 'close');
  await first.closed();

  await proxy.update(
    buildListener([chainFor([], 'kept', 'kept'), chainFor([2], 'new', 'new')], { address }),
    true,
  );
  kept.send(request);
  const answer = await kept.answer();
  assert.deepEqual([answer.body, answer.header('connection')], ['kept', undefined]);

  await proxy.update(buildListener([chainFor([], 'changed', 'changed')], { address }), true);
  kept.send(request);
  const last = await kept.answer();
  assert.deepEqual([last.body, last.header('connection')], ['kept', 'close']);
  await kept.closed();
  assert.equal((await get(proxy.port, '/')).body, 'changed');
  second.close();
});

test('the socket of an address stays open while listeners change, and closes when the address is gone', async (t) => {
  const proxy = await startProxy(t, table);
  const waiting = await RawClient.open(proxy.port);
  for (let round = 0; round < 5; round++) {
    await proxy.update(buildListener([buildChain(answering(`round ${round}`), `h${round}`)]), false);
    assert.equal((await get(proxy.port, '/')).body, `round ${round}`);
  }
  waiting.close();
  const failures = await proxy.listeners.apply([], ['main']);
  assert.deepEqual(failures, []);
  await assert.rejects(RawClient.open(proxy.port), /ECONNREFUSED/);
});

test('an address that is taken is reported, and the other listeners are not disturbed', async (t) => {
  const proxy = await startProxy(t, table);
  const other = buildListener([buildChain(answering('x'), 'x')], {
    name: 'other',
    address: { address: '127.0.0.1', port: proxy.port },
  });
  const failures = await proxy.listeners.apply([{ listener: other, isInPlace: false }], []);
  assert.equal(failures.length, 1);
  assert.match(failures[0]?.message ?? '', /cannot listen on 127\.0\.0\.1:\d+: address already in use/i);
  assert.equal((await get(proxy.port, '/')).status, 404);
});

test('a listener that does not compile changes nothing', async (t) => {
  const proxy = await startProxy(t, table);
  await proxy.update(buildListener([buildChain(answering('good'), 'good')]), false);
  const bad = buildManager(
    buildTable([
      buildVirtualHost([
        buildRoute({ ...prefix('/'), path: { kind: 'regex', regex: '(' } }, { kind: 'non-forwarding' }),
      ]),
    ]),
  );
  const update = { listener: buildListener([buildChain(bad, 'bad')]), isInPlace: true };
  const failures = await proxy.listeners.apply([update], []);
  assert.match(failures[0]?.message ?? '', /not a regular expression/);
  assert.equal((await get(proxy.port, '/')).body, 'good');
});

test('draining ends connections with their next answer, idle ones at the end of the drain time', async (t) => {
  const proxy = await startProxy(t, table);
  const busy = await RawClient.open(proxy.port);
  const idle = await RawClient.open(proxy.port);
  busy.send(request);
  assert.equal((await busy.answer()).header('connection'), undefined);
  await until(() => proxy.listeners.connectionCount === 2);

  proxy.listeners.drain('immediate', 50, false);
  busy.send(request);
  assert.equal((await busy.answer()).header('connection'), 'close');
  await busy.closed();
  await idle.closed();
  await until(() => proxy.listeners.connectionCount === 0);
  // Accepting goes on until it is stopped.
  assert.equal((await get(proxy.port, '/')).status, 404);
  await proxy.listeners.stopListening(false);
  await assert.rejects(RawClient.open(proxy.port), /ECONNREFUSED/);
});

test('connections that wait to be accepted when listening stops are served, and end as draining ones do', async (t) => {
  const proxy = await startProxy(t, table);
  const clients = await Promise.all(Array.from({ length: 40 }, () => RawClient.open(proxy.port)));
  // One is accepted in each turn of the event loop: most of them still wait.
  assert.ok(proxy.listeners.connectionCount < 40);
  proxy.listeners.drain('immediate', 5_000, false);
  const stopped = proxy.listeners.stopListening(false);
  for (const client of clients) client.send(request);
  for (const client of clients) {
    assert.equal((await client.answer()).header('connection'), 'close');
    await client.closed();
  }
  await stopped;
  await until(() => proxy.listeners.connectionCount === 0);
  await assert.rejects(RawClient.open(proxy.port), /ECONNREFUSED/);
});

test('a listener that comes after listening stopped opens no socket', async (t) => {
  const proxy = await startProxy(t, table);
  await proxy.listeners.stopListening(true);
  const listener = (name: string): Listener =>
    buildListener([buildChain(answering(name), name)], { name, address: { address: '127.0.0.1', port: 0 } });
  const apply = async (name: string): Promise<void> =>
    assert.deepEqual(await proxy.listeners.apply([{ listener: listener(name), isInPlace: false }], []), []);
  await apply('outbound');
  assert.ok(proxy.listeners.addressOf('outbound') !== undefined);
  await proxy.listeners.stopListening(false);
  await apply('late');
  assert.equal(proxy.listeners.addressOf('late'), undefined);
});

test('a listener may want the address again before it is closed', async (t) => {
  const proxy = await startProxy(t, table);
  const { port } = proxy;
  const listener = buildListener([buildChain(answering('again'), 'again')], {
    address: { address: '127.0.0.1', port },
  });
  await proxy.listeners.apply([], ['main']);
  const failures = await proxy.listeners.apply([{ listener, isInPlace: false }], []);
  assert.deepEqual(failures, []);
  const removed = proxy.listeners.apply([], ['main']);
  const added = proxy.listeners.apply([{ listener, isInPlace: false }], []);
  assert.deepEqual(await Promise.all([removed, added]), [[], []]);
  assert.equal((await get(port, '/')).body, 'again');
});

test('a failed health check ends connections, too, and its end lets them live', async (t) => {
  const proxy = await startProxy(t, table);
  proxy.listeners.setHealthFailed(true);
  assert.equal((await get(proxy.port, '/')).header('connection'), 'close');
  proxy.listeners.setHealthFailed(false);
  assert.equal((await get(proxy.port, '/')).header('connection'), undefined);
});

test('connections are counted, and turned away where no chain fits', async (t) => {
  const proxy = await startProxy(t, table);
  const only = buildChain(answering('x'), 'x', {
    match: {
      destinationPort: 1,
      prefixRanges: [],
      directSourcePrefixRanges: [],
      sourceType: 'any',
      sourcePrefixRanges: [],
      sourcePorts: [],
      serverNames: [],
      applicationProtocols: [],
      transportProtocol: '',
    },
  });
  await get(proxy.port, '/');
  const prefixName = 'listener.127.0.0.1_0.';
  await until(() => proxy.stats.value(`${prefixName}downstream_cx_destroy`) === 1);
  assert.equal(proxy.stats.value(`${prefixName}downstream_cx_total`), 1);
  assert.equal(proxy.stats.value(`${prefixName}worker_0.downstream_cx_active`), 0);
  assert.equal(proxy.stats.value(`${prefixName}http.test.downstream_rq_4xx`), 1);
  await proxy.update(buildListener([only]), false);
  const client = await RawClient.open(proxy.port);
  await client.closed();
  assert.equal(proxy.stats.value(`${prefixName}no_filter_chain_match`), 1);
});

test('a listener may change between streams and datagrams, and both end when listening stops', async (t) => {
  const filters: { isClosed: boolean }[] = [];
  const proxy = await startProxy(t, table, {
    createUdpFilter(_proxy, sender) {
      const filter = {
        isClosed: false,
        onDatagram: (datagram: Buffer, peer: SocketAddress) => sender.send(datagram, peer, () => undefined),
        onReceiveError: () => undefined,
        close: () => void (filter.isClosed = true),
      };
      filters.push(filter);
      return filter;
    },
  });
  const datagrams: Listener = {
    ...buildListener([]),
    address: { address: '127.0.0.1', port: proxy.port, protocol: 'udp' },
    udp: {
      maxDatagramBytes: 1500,
      proxy: {
        statPrefix: 'p',
        route: { kind: 'cluster', name: 'c' },
        idleTimeoutMs: 1000,
        usesPerPacketLoadBalancing: false,
        maxUpstreamDatagramBytes: 1500,
        accessLogs: [],
        proxyAccessLogs: [],
      },
    },
  };
  const ask = async (): Promise<boolean> => {
    const client = await UdpClient.open(proxy.port);
    try {
      return (await client.ask('x')) === 'x';
    } finally {
      client.close();
    }
  };
  await proxy.update(datagrams, false);
  await assert.rejects(RawClient.open(proxy.port), /ECONNREFUSED/);
  assert.equal(await ask(), true);
  await proxy.update(
    buildListener([buildChain(answering('stream'), 'h')], {
      address: { address: '127.0.0.1', port: proxy.port },
    }),
    false,
  );
  assert.deepEqual(
    filters.map(({ isClosed }) => isClosed),
    [true],
  );
  assert.equal((await get(proxy.port, '/')).body, 'stream');
  await proxy.update(datagrams, false);
  assert.equal(await ask(), true);
  await proxy.listeners.stopListening(false);
  assert.deepEqual(
    filters.map(({ isClosed }) => isClosed),
    [true, true],
  );
  // Nothing listens anew.
  await proxy.update(datagrams, false);
  assert.equal(filters.length, 2);
});
