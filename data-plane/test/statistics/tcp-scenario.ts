import { RawClient } from '../../src/router/testing/raw-client.ts';
import { startTcpServer, until } from '../../src/upstream/testing/upstream-server.ts';
import { closedPort } from '../tcp/closed-port.ts';
import { networkFilter } from '../tcp/subject.ts';
import { cluster, listener, type Json } from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';

const roomyBytes = 64_000_000;
const echo = networkFilter('echo.v3.Echo');

/** Network filters that are not the connection manager. */
export async function runTcpScenario(movements: Movements): Promise<void> {
  const echoServer = await startTcpServer((socket) => void socket.pipe(socket));
  const stuckServer = await startTcpServer((socket) => void socket.pause(), { allowHalfOpen: true });
  const tcpProxy = (name: string, fields: Json = {}, bufferLimitBytes = 16_384): Json =>
    listener(
      name,
      {},
      {
        filter_chains: [
          {
            filters: [networkFilter('tcp_proxy.v3.TcpProxy', { stat_prefix: 'p', cluster: name, ...fields })],
          },
        ],
        per_connection_buffer_limit_bytes: bufferLimitBytes,
      },
    );
  const limit = networkFilter('connection_limit.v3.ConnectionLimit', {
    stat_prefix: 'l',
    max_connections: 1,
  });
  const rateLimit = networkFilter('local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: 'r',
    token_bucket: { max_tokens: 1, fill_interval: '3600s' },
  });
  const rbac = (action: string, shadowAction: string, shadowPrefix: string): Json => {
    const policies = { all: { permissions: [{ any: true }], principals: [{ any: true }] } };
    return networkFilter('rbac.v3.RBAC', {
      stat_prefix: 'a',
      rules: { action, policies },
      shadow_rules: { action: shadowAction, policies },
      shadow_rules_stat_prefix: shadowPrefix,
    });
  };
  const rbacs = ['', 'shadow'].flatMap((prefix) => [
    listener(`allowed${prefix}`, {}, { filter_chains: [{ filters: [rbac('ALLOW', 'DENY', prefix), echo] }] }),
    listener(`denied${prefix}`, {}, { filter_chains: [{ filters: [rbac('DENY', 'ALLOW', prefix), echo] }] }),
  ]);
  const sidecar = await startSidecarProcess({
    static_resources: {
      listeners: [
        listener('limited', {}, { filter_chains: [{ filters: [limit, echo] }] }),
        listener('rated', {}, { filter_chains: [{ filters: [rateLimit, echo] }] }),
        ...rbacs,
        tcpProxy('echo', { idle_timeout: '0.3s' }),
        tcpProxy('stuck'),
        tcpProxy('roomy', { idle_timeout: '1s' }, roomyBytes),
        tcpProxy('old', { max_downstream_connection_duration: '0.1s', cluster: 'echo' }),
        tcpProxy('unknown'),
        tcpProxy('refused'),
      ],
      clusters: [
        cluster('echo', [echoServer.port]),
        cluster('stuck', [stuckServer.port], { per_connection_buffer_limit_bytes: 16_384 }),
        cluster('roomy', [stuckServer.port], { per_connection_buffer_limit_bytes: roomyBytes }),
        cluster('refused', [await closedPort()]),
      ],
    },
  });
  const run = new ScenarioRun(sidecar, movements);
  const clients: RawClient[] = [];
  try {
    const port = await sidecar.portOf('limited');
    for (let count = 0; count < 3; count++) clients.push(await RawClient.open(port));
    await run.untilMoved('connection_limit.<stat_prefix>.', 'active_connections', 'limited_connections');
    const open = async (name: string): Promise<RawClient> => {
      const client = await RawClient.open(await sidecar.portOf(name));
      clients.push(client);
      return client;
    };
    for (const name of ['old', 'unknown', 'refused', 'rated', 'rated']) await open(name);
    for (const name of ['allowed', 'denied', 'allowedshadow', 'deniedshadow']) (await open(name)).send('x');
    await run.untilMoved('<stat_prefix>.rbac.', 'allowed', 'denied', 'shadow_allowed', 'shadow_denied');
    const shadowed = '<stat_prefix>.rbac.<shadow_rules_stat_prefix>.';
    await run.untilMoved(shadowed, 'shadow_allowed', 'shadow_denied');
    await run.untilMoved('local_rate_limit.<stat_prefix>.', 'rate_limited');
    const reader = await open('echo');
    reader.send('x'.repeat(4_000_000));
    const writer = await open('stuck');
    writer.send('x'.repeat(16_000_000));
    await run.untilMoved('tcp.<stat_prefix>.', 'downstream_flow_control_paused_reading_total');
    for (const socket of stuckServer.sockets) socket.resume();
    const known = new Set(stuckServer.sockets);
    const leaver = await open('roomy');
    leaver.send('x'.repeat(16_000_000));
    await until(() => leaver.socket.writableLength === 0);
    leaver.socket.end();
    // Both have ended, and the server has not read yet.
    for (const socket of stuckServer.sockets) if (!known.has(socket)) socket.end();
    await run.untilMoved(
      'tcp.<stat_prefix>.',
      'downstream_cx_total',
      'downstream_cx_no_route',
      'downstream_cx_rx_bytes_total',
      'downstream_cx_tx_bytes_total',
      'downstream_flow_control_resumed_reading_total',
      'idle_timeout',
      'max_downstream_connection_duration',
      'upstream_flush_total',
      'upstream_flush_active',
    );
    await run.untilMoved('cluster.<cluster>.', 'upstream_cx_connect_attempts_exceeded');
  } finally {
    for (const client of clients) client.close();
    await sidecar.stop();
    await Promise.all([echoServer.close(), stuckServer.close()]);
  }
}
