import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { RawClient } from '../../src/router/testing/raw-client.ts';
import {
  startHttp2Server,
  startHttpServer,
  startTcpServer,
  until,
} from '../../src/upstream/testing/upstream-server.ts';
import {
  cluster,
  http2Options,
  httpHealthCheck,
  manager,
  socketAddress,
  type Json,
} from '../statistics/bootstrap-parts.ts';
import { networkFilter, startSubject, subjects } from './subject.ts';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;

for (const subject of subjects) {
  test(
    `${subject.name}: TCP ends with its host's health where that is wanted, HTTP finishes`,
    {
      skip: subject.skip,
    },
    async (t) => {
      let isHealthy = true;
      const health = await startHttpServer((_, answer) => answer.writeHead(isHealthy ? 200 : 503).end());
      const echo = await startTcpServer((socket) => void socket.pipe(socket));
      const held: (ServerResponse | ServerHttp2Stream)[] = [];
      const http1 = await startHttpServer((_, answer) => void held.push(answer));
      const http2 = await startHttp2Server((stream) => void held.push(stream));
      t.after(() => Promise.all([health, echo, http1, http2].map((server) => server.close())));

      const checked = (name: string, port: number, isClosing: boolean, fields: Json = {}): Json => {
        const endpoint = {
          address: socketAddress(port),
          health_check_config: { port_value: health.port },
        };
        return {
          ...cluster(name, []),
          load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
          ...httpHealthCheck('/'),
          close_connections_on_host_health_failure: isClosing,
          ...fields,
        };
      };
      const clusters = [
        checked('closing', echo.port, true),
        checked('kept', echo.port, false),
        checked('http1', http1.port, true),
        checked('http2', http2.port, true, http2Options({})),
      ];
      const tcp = (name: string): Json =>
        networkFilter('tcp_proxy.v3.TcpProxy', { stat_prefix: name, cluster: name });
      const http = (name: string): Json => ({
        name: 'manager',
        typed_config: manager(name, [{ match: { prefix: '/' }, route: { cluster: name, timeout: '0s' } }]),
      });
      const proxy = await startSubject(subject, () => ({
        listeners: {
          closing: [tcp('closing')],
          kept: [tcp('kept')],
          http1: [http('http1')],
          http2: [http('http2')],
        },
        clusters,
      }));
      t.after(() => proxy.stop());
      const names = clusters.map(({ name }) => String(name));
      for (const name of names) await proxy.untilStat(`cluster.${name}.membership_healthy`, 1);

      const say = async (socket: Socket, word: string): Promise<void> => {
        socket.write(word);
        const [heard] = (await once(socket, 'data')) as [Buffer];
        assert.equal(heard.toString(), word);
      };
      const [closing, kept] = ['closing', 'kept'].map((name) =>
        connect({ port: proxy.portOf(name), host: '127.0.0.1' }),
      ) as [Socket, Socket];
      let hasClosed = false;
      closing.on('close', () => (hasClosed = true));
      for (const socket of [closing, kept]) await say(socket, 'before');
      const clients: RawClient[] = [];
      for (const name of ['http1', 'http2']) {
        const client = await RawClient.open(proxy.portOf(name));
        client.send(get('/'));
        clients.push(client);
      }
      await until(() => held.length === 2);

      isHealthy = false;
      await until(() => hasClosed);
      await proxy.untilStat('cluster.closing.upstream_cx_active', 0);
      for (const name of names) await proxy.untilStat(`cluster.${name}.membership_healthy`, 0);
      await say(kept, 'after');
      for (const answer of held) answer.end('held');
      for (const client of clients) {
        const { status, body } = await client.answer();
        assert.deepEqual([status, body], [200, 'held']);
        client.close();
      }
      // Nothing more goes over them.
      for (const name of ['http1', 'http2']) await proxy.untilStat(`cluster.${name}.upstream_cx_active`, 0);
      kept.destroy();
    },
  );
}
