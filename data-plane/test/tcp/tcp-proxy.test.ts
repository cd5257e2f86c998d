import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { RawClient } from '../../src/router/testing/raw-client.ts';
import { until } from '../../src/upstream/testing/upstream-server.ts';
import { cluster, fileLog, type Json } from '../statistics/bootstrap-parts.ts';
import { closedPort } from './closed-port.ts';
import { networkFilter, startSubject, subjects } from './subject.ts';

const format = [
  '%ACCESS_LOG_TYPE%',
  '%RESPONSE_FLAGS%',
  '%BYTES_RECEIVED%',
  '%BYTES_SENT%',
  '%UPSTREAM_CLUSTER%',
  '%PROTOCOL%',
  '%RESPONSE_CODE%',
  '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  '%CONNECTION_TERMINATION_DETAILS%',
].join(' ');

function proxyTo(name: string, logPath: string, fields: Json = {}): Json {
  const log = fileLog(logPath) as { readonly typed_config: Json };
  const typedConfig = { ...log.typed_config, log_format: { text_format: `${format}\n` } };
  return networkFilter('tcp_proxy.v3.TcpProxy', {
    stat_prefix: name,
    ...('weighted_clusters' in fields ? {} : { cluster: name }),
    access_log: [{ ...log, typed_config: typedConfig }],
    ...fields,
  });
}

/** A server whose connections the test holds. */
async function startServer(t: TestContext, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

for (const subject of subjects) {
  const { name, skip } = subject;

  test(`${name}: bytes go both ways, and each way ends on its own`, { skip }, async (t) => {
    const received: string[] = [];
    const clientLast = await startServer(t, (socket) => {
      socket.end('first');
      socket.on('data', (chunk: Buffer) => received.push(chunk.toString()));
    });
    const serverLast = await startServer(t, (socket) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('end', () => socket.end(`got ${text}`));
    });
    const proxy = await startSubject(subject, (logPath) => ({
      listeners: { a: [proxyTo('a', logPath)], b: [proxyTo('b', logPath)] },
      clusters: [cluster('a', [serverLast]), cluster('b', [clientLast])],
    }));
    t.after(() => proxy.stop());

    const a = await RawClient.open(proxy.portOf('a'));
    a.send('one ');
    a.socket.end('two');
    await until(() => a.isClosed);
    assert.equal(a.received, 'got one two');

    const b = await RawClient.open(proxy.portOf('b'));
    await until(() => b.hasEnded);
    b.send('still ');
    b.socket.end('here');
    await until(() => b.isClosed && received.join('') === 'still here');
    assert.equal(b.received, 'first');

    const lines = await proxy.logLines(2);
    assert.deepEqual(lines, ['TcpConnectionEnd - 7 11 a - 0 1 -', 'TcpConnectionEnd - 10 5 b - 0 1 -']);
    for (const [stat, value] of [
      ['tcp.a.downstream_cx_total', 1],
      ['tcp.a.downstream_cx_rx_bytes_total', 7],
      ['tcp.a.downstream_cx_tx_bytes_total', 11],
      ['cluster.a.upstream_cx_total', 1],
      ['cluster.a.upstream_cx_rx_bytes_total', 11],
      ['cluster.a.upstream_cx_tx_bytes_total', 7],
      ['cluster.a.upstream_cx_destroy', 1],
      ['cluster.a.upstream_cx_active', 0],
      ['cluster.a.upstream_rq_total', 1],
    ] as const) {
      await proxy.untilStat(stat, value);
    }
  });

  test(`${name}: why there is no upstream`, { skip }, async (t) => {
    const port = await startServer(t, (socket) => void socket.resume());
    const refusing = await closedPort();
    const oneConnection = { circuit_breakers: { thresholds: [{ max_connections: 1 }] } };
    const proxy = await startSubject(subject, (logPath) => ({
      listeners: {
        refused: [proxyTo('refused', logPath)],
        again: [proxyTo('again', logPath, { max_connect_attempts: 3 })],
        empty: [proxyTo('empty', logPath)],
        unknown: [proxyTo('unknown', logPath)],
        full: [proxyTo('full', logPath)],
      },
      clusters: [
        cluster('refused', [refusing]),
        cluster('again', [refusing]),
        cluster('empty', []),
        cluster('full', [port], oneConnection),
      ],
    }));
    t.after(() => proxy.stop());
    const first = await RawClient.open(proxy.portOf('full'));
    await proxy.untilStat('cluster.full.upstream_cx_active', 1);
    const lines: string[] = [];
    for (const listener of ['refused', 'again', 'empty', 'unknown', 'full']) {
      const client = await RawClient.open(proxy.portOf(listener));
      await client.closed();
      lines.push(...(await proxy.logLines(1)));
    }
    first.close();
    assert.deepEqual(lines, [
      'TcpConnectionEnd UF,URX 0 0 refused - 0 1 -',
      'TcpConnectionEnd UF,URX 0 0 again - 0 3 -',
      'TcpConnectionEnd UH 0 0 empty - 0 0 -',
      'TcpConnectionEnd NC 0 0 - - 0 0 -',
      'TcpConnectionEnd UO 0 0 full - 0 0 -',
    ]);
    for (const [stat, value] of [
      ['cluster.refused.upstream_cx_connect_fail', 1],
      ['cluster.refused.upstream_cx_connect_attempts_exceeded', 1],
      ['cluster.again.upstream_cx_connect_fail', 3],
      ['cluster.empty.upstream_cx_none_healthy', 1],
      ['cluster.full.upstream_cx_overflow', 1],
      ['tcp.unknown.downstream_cx_no_route', 1],
    ] as const) {
      await proxy.untilStat(stat, value);
    }
  });

  test(`${name}: a connection ends when it is idle, or old; logs on the way`, { skip }, async (t) => {
    const port = await startServer(t, (socket) => void socket.write('x'));
    const proxy = await startSubject(subject, (logPath) => ({
      listeners: {
        idle: [
          proxyTo('idle', logPath, {
            idle_timeout: '0.3s',
            access_log_options: { flush_access_log_on_connected: true, flush_access_log_on_start: true },
          }),
        ],
        old: [proxyTo('old', logPath, { max_downstream_connection_duration: '0.3s' })],
      },
      clusters: [cluster('idle', [port]), cluster('old', [port])],
    }));
    t.after(() => proxy.stop());
    const idle = await RawClient.open(proxy.portOf('idle'));
    await idle.closed();
    assert.deepEqual(await proxy.logLines(3), [
      'TcpConnectionStart - 0 0 - - 0 0 -',
      'TcpUpstreamConnected - 0 0 idle - 0 1 -',
      'TcpConnectionEnd - 0 1 idle - 0 1 -',
    ]);
    const old = await RawClient.open(proxy.portOf('old'));
    await old.closed();
    assert.deepEqual(await proxy.logLines(1), ['TcpConnectionEnd DT 0 1 old - 0 1 -']);
    await proxy.untilStat('tcp.idle.idle_timeout', 1);
    await proxy.untilStat('tcp.old.max_downstream_connection_duration', 1);
  });

  test(`${name}: lines on the way, attempts with a wait, metadata that nobody reads`, { skip }, async (t) => {
    const port = await startServer(t, (socket) => void socket.pipe(socket));
    const refusing = await closedPort();
    const metadata = { filter_metadata: { 'envoy.lb': { version: 'none' } } };
    const proxy = await startSubject(subject, (logPath) => ({
      listeners: {
        periodic: [
          proxyTo('a', logPath, {
            access_log_options: { access_log_flush_interval: '0.1s', flush_access_log_on_connected: true },
            metadata_match: metadata,
          }),
        ],
        old: [
          proxyTo('a', logPath, { access_log_flush_interval: '0.1s', flush_access_log_on_connected: true }),
        ],
        again: [
          proxyTo('again', logPath, {
            max_connect_attempts: 4,
            backoff_options: { base_interval: '0.02s', max_interval: '0.05s' },
          }),
        ],
      },
      clusters: [cluster('a', [port]), cluster('again', [refusing])],
    }));
    t.after(() => proxy.stop());
    for (const listener of ['periodic', 'old']) {
      const client = await RawClient.open(proxy.portOf(listener));
      client.send('abc');
      const lines = await proxy.logLines(3);
      assert.equal(lines[0], 'TcpUpstreamConnected - 0 0 a - 0 1 -');
      assert.equal(lines[2], 'TcpPeriodic - 3 3 a - 0 1 -');
      client.socket.end();
      await client.closed();
      await until(() => client.isClosed);
      while ((await proxy.logLines(1)).at(-1) !== 'TcpConnectionEnd - 3 3 a - 0 1 -');
    }
    const again = await RawClient.open(proxy.portOf('again'));
    await again.closed();
    assert.deepEqual(await proxy.logLines(1), ['TcpConnectionEnd UF,URX 0 0 again - 0 4 -']);
    await proxy.untilStat('cluster.again.upstream_cx_connect_fail', 4);
  });

  test(`${name}: a reader that takes its time, on either side, gets everything`, { skip }, async (t) => {
    const total = 6 * 1024 * 1024;
    let serverBytes = 0;
    const port = await startServer(t, (socket) => {
      socket.end(Buffer.alloc(total, 'd'));
      socket.pause();
      setImmediate(() => socket.resume());
      socket.on('data', (chunk: Buffer) => (serverBytes += chunk.length));
    });
    const proxy = await startSubject(subject, (logPath) => ({
      listeners: { a: [proxyTo('a', logPath)] },
      clusters: [cluster('a', [port])],
    }));
    t.after(() => proxy.stop());
    const client = await RawClient.open(proxy.portOf('a'));
    client.socket.pause();
    client.socket.end(Buffer.alloc(total, 'u'));
    await until(() => serverBytes === total);
    client.socket.resume();
    await until(() => client.isClosed);
    assert.equal(client.received.length, total);
    assert.deepEqual(await proxy.logLines(1), [`TcpConnectionEnd - ${total} ${total} a - 0 1 -`]);
  });

  test(`${name}: weights choose the cluster`, { skip }, async (t) => {
    const ports = await Promise.all(
      ['x', 'y'].map((text) => startServer(t, (socket) => void socket.end(text))),
    );
    const weighted = {
      clusters: [
        { name: 'x', weight: 1 },
        { name: 'y', weight: 3 },
      ],
    };
    const proxy = await startSubject(subject, (logPath) => ({
      listeners: { w: [proxyTo('w', logPath, { weighted_clusters: weighted })] },
      clusters: [cluster('x', [ports[0]!]), cluster('y', [ports[1]!])],
    }));
    t.after(() => proxy.stop());
    let count = 0;
    for (let index = 0; index < 100; index++) {
      const client = await RawClient.open(proxy.portOf('w'));
      await client.closed();
      if (client.received === 'x') count++;
    }
    assert.ok(count > 8 && count < 45, String(count));
  });
}
