import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import {
  assignment,
  cluster,
  endpoint,
  fileLog,
  httpHealthCheck,
  type Json,
} from '../statistics/bootstrap-parts.ts';
import { startSubject, subjects } from '../tcp/subject.ts';
import { UdpClient, udpListener, udpRoute, UdpServer } from './udp-parts.ts';

const sessionFields = [
  ...['DOWNSTREAM_REMOTE_ADDRESS', 'DOWNSTREAM_LOCAL_ADDRESS', 'UPSTREAM_HOST', 'UPSTREAM_CLUSTER'],
  ...['BYTES_RECEIVED', 'BYTES_SENT', 'RESPONSE_FLAGS', 'PROTOCOL', 'ACCESS_LOG_TYPE'],
  ...[
    'DYNAMIC_METADATA(udp.proxy.session:cluster_name)',
    'DYNAMIC_METADATA(udp.proxy.session:datagrams_sent)',
  ],
];

function sessionLog(logPath: string, fields: readonly string[] = sessionFields): Json {
  const { typed_config: config, ...log } = fileLog(logPath) as { readonly typed_config: Json };
  const format = fields.map((name) => `%${name}%`).join(' ');
  return { ...log, typed_config: { ...config, log_format: { text_format: `${format}\n` } } };
}

/** Answers checks of health, as long as it is told to. */
async function startHealth(t: TestContext): Promise<{ readonly port: number; status: number }> {
  const health = { port: 0, status: 200 };
  const server: Server = createServer((_request, response) => {
    response.statusCode = health.status;
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  health.port = (server.address() as AddressInfo).port;
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return health;
}

for (const subject of subjects) {
  const run = (name: string, body: (t: TestContext) => Promise<void>): void => {
    test(`${subject.name}: ${name}`, { skip: subject.skip }, body);
  };
  const startServer = async (t: TestContext, name: string): Promise<UdpServer> => {
    const server = await UdpServer.start((datagram) => `${name}:${datagram.toString('latin1')}`);
    t.after(() => server.close());
    return server;
  };
  const open = async (t: TestContext, port: number): Promise<UdpClient> => {
    const client = await UdpClient.open(port);
    t.after(() => client.close());
    return client;
  };

  run('sessions: their port, their end, what is too long, what is logged', async (t) => {
    const server = await startServer(t, 'a');
    const proxy = await startSubject(subject, (logPath, portOf) => ({
      listeners: {
        l: udpListener(portOf('l'), {
          stat_prefix: 'p',
          matcher: udpRoute('c'),
          idle_timeout: '1s',
          upstream_socket_config: { prefer_gro: false },
          access_log: [sessionLog(logPath)],
        }),
        lost: udpListener(portOf('lost'), { stat_prefix: 'lost', matcher: udpRoute('unknown') }),
      },
      clusters: [cluster('c', [server.port])],
    }));
    t.after(() => proxy.stop());
    const [one, two] = [await open(t, proxy.portOf('l')), await open(t, proxy.portOf('l'))];
    assert.equal(await one.ask('x'), 'a:x');
    assert.equal(await one.ask(''), 'a:');
    assert.equal(await two.ask('y'.repeat(1_490)), `a:${'y'.repeat(1_490)}`);
    // The answer passes 1,500 bytes, then the question does.
    two.send('z'.repeat(1_499));
    await proxy.untilStat('cluster.c.udp.sess_rx_datagrams_dropped', 1);
    two.send('z'.repeat(1_501));
    const listenerScope = `listener.127.0.0.1_${proxy.portOf('l')}`;
    await proxy.untilStat(`${listenerScope}.udp.downstream_rx_datagram_dropped`, 1);
    assert.equal(server.peers.size, 2);
    assert.equal(await proxy.stat('udp.p.downstream_sess_active'), 2);
    const lost = await open(t, proxy.portOf('lost'));
    lost.send('x');
    await proxy.untilStat('udp.lost.downstream_sess_no_route', 1);

    await proxy.untilStat('udp.p.idle_timeout', 2);
    for (const [name, value] of [
      ['udp.p.downstream_sess_active', 0],
      ['udp.p.downstream_sess_total', 2],
      ['udp.p.downstream_sess_rx_datagrams', 4],
      ['udp.p.downstream_sess_rx_bytes', 2_990],
      ['udp.p.downstream_sess_tx_datagrams', 3],
      ['udp.p.downstream_sess_tx_bytes', 1_497],
      ['cluster.c.udp.sess_tx_datagrams', 4],
      ['cluster.c.udp.sess_rx_datagrams', 3],
      ['cluster.c.upstream_cx_tx_bytes_total', 2_990],
      ['cluster.c.upstream_cx_total', 0],
    ] as const) {
      assert.equal(await proxy.stat(name), value, name);
    }
    const local = `127.0.0.1:${proxy.portOf('l')} 127.0.0.1:${server.port} -`;
    const rest = '- - UdpSessionEnd c';
    assert.deepEqual(
      (await proxy.logLines(2)).sort(),
      [
        `127.0.0.1:${one.localPort} ${local} 1 5 ${rest} 2`,
        `127.0.0.1:${two.localPort} ${local} 2989 1492 ${rest} 1`,
      ].sort(),
    );
    // The same client again is a session again.
    assert.equal(await one.ask('x'), 'a:x');
    assert.equal(server.peers.size, 3);
  });

  run('load balancing for each datagram, and the circuit breaker', async (t) => {
    const servers = [await startServer(t, 'a'), await startServer(t, 'b')];
    const thresholds = [{ max_connections: 2 }];
    const ports = servers.map(({ port }) => port);
    const proxy = await startSubject(subject, (logPath, portOf) => ({
      listeners: {
        each: udpListener(portOf('each'), {
          stat_prefix: 'each',
          cluster: 'c',
          use_per_packet_load_balancing: true,
          access_log: [
            sessionLog(logPath, [
              ...['DOWNSTREAM_REMOTE_PORT', 'UPSTREAM_HOST', 'RESPONSE_FLAGS'],
              'DYNAMIC_METADATA(udp.proxy.session:cluster_name)',
            ]),
          ],
        }),
      },
      clusters: [cluster('c', ports, { circuit_breakers: { thresholds } })],
    }));
    t.after(() => proxy.stop());
    const client = await open(t, proxy.portOf('each'));
    const answers = new Set<string>();
    for (let count = 0; count < 6; count++) answers.add(await client.ask('x'));
    assert.deepEqual([...answers].sort(), ['a:x', 'b:x']);
    assert.equal(await proxy.stat('udp.each.downstream_sess_active'), 2);
    const refused = await open(t, proxy.portOf('each'));
    refused.send('x');
    await proxy.untilStat('cluster.c.upstream_cx_overflow', 1);
    assert.equal(await proxy.stat('udp.each.downstream_sess_active'), 2);
    assert.equal(await proxy.stat('udp.each.downstream_sess_total'), 3);
    assert.deepEqual(await proxy.logLines(1), [`${refused.localPort} - UO c`]);
  });

  run('a host that fails its check loses its sessions to one that does not', async (t) => {
    const [first, second] = [await startServer(t, 'a'), await startServer(t, 'b')];
    const [health, otherHealth] = [await startHealth(t), await startHealth(t)];
    otherHealth.status = 503;
    const endpoints = [
      [first, health],
      [second, otherHealth],
    ].map(([server, checked]) => {
      const port = server?.port ?? 0;
      return {
        endpoint: {
          ...(endpoint(port).endpoint as Json),
          health_check_config: { port_value: checked?.port },
        },
      };
    });
    const proxy = await startSubject(subject, (_logPath, portOf) => ({
      listeners: { l: udpListener(portOf('l'), { stat_prefix: 'p', cluster: 'c' }) },
      clusters: [
        cluster('c', [], {
          load_assignment: assignment('c', endpoints),
          common_lb_config: { healthy_panic_threshold: { value: 0 } },
          ...httpHealthCheck('/'),
        }),
      ],
    }));
    t.after(() => proxy.stop());
    await proxy.untilStat('cluster.c.membership_healthy', 1);
    const client = await open(t, proxy.portOf('l'));
    assert.equal(await client.ask('x'), 'a:x');
    health.status = 503;
    await proxy.untilStat('cluster.c.membership_healthy', 0);
    // Nobody is better.
    assert.equal(await client.ask('x'), 'a:x');
    otherHealth.status = 200;
    await proxy.untilStat('cluster.c.membership_healthy', 1);
    let answer = '';
    // Workers hear of it a moment later.
    while (answer !== 'b:x') answer = await client.ask('x');
    assert.equal(await proxy.stat('udp.p.downstream_sess_total'), 2);
    assert.equal(await proxy.stat('udp.p.downstream_sess_active'), 1);
  });
}
