import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createSeededRng } from '@heddle/shared/random/rng';
import { systemClock } from '@heddle/shared/time/clock';
import { CodecWorkspace } from '../src/codec/codec-workspace.ts';
import type { UpstreamProtocol } from '../src/config/model/cluster.ts';
import { LogFiles, logFileStats } from '../src/downstream/http/access-log/log-file.ts';
import { createHttpConnectionManager } from '../src/downstream/http/http-connection-manager.ts';
import { ManagerConfig } from '../src/downstream/http/manager-config.ts';
import { RequestTurn } from '../src/downstream/http/request-turn.ts';
import { DateText } from '../src/downstream/http/response-headers.ts';
import { ConnectionInfo } from '../src/downstream/network/connection-info.ts';
import { ActiveRouteTables } from '../src/router/active-route-tables.ts';
import { createRouterFilterFactory } from '../src/router/router-filter.ts';
import {
  buildManager,
  buildRoute,
  buildTable,
  buildVirtualHost,
  forward,
  prefix,
} from '../src/router/testing/route-fixtures.ts';
import { createStatsStore } from '../src/stats/stats-store.ts';
import { TimerWheel } from '../src/time/timer-wheel.ts';
import type { Connection, ConnectionHandlers, SocketAddress } from '../src/transport/connection.ts';
import { ClientCodecs } from '../src/upstream/pool/client-codecs.ts';
import type { UpstreamConnector } from '../src/upstream/pool/upstream-connector.ts';
import { buildClusterUpdate, buildHost } from '../src/upstream/testing/cluster-updates.ts';
import { WorkerClusters } from '../src/upstream/thread-local-clusters.ts';

/** A connection whose writes go nowhere but are counted. */
export class SinkConnection implements Connection {
  readonly id = 1;
  readonly remoteAddress: SocketAddress = { address: '127.0.0.1', port: 40_000 };
  readonly localAddress: SocketAddress = { address: '127.0.0.1', port: 80 };
  readonly state = 'open';
  readonly isSecure = false;
  readonly alpnProtocol = '';
  bytesRead = 0;
  bytesWritten = 0;
  writeBufferedBytes = 0;
  writeCount = 0;
  /** HEADERS frames of HTTP/2, which come in one piece each. */
  headCount = 0;
  /** What a peer has answered of either. */
  answerCount = 0;
  isConnected = false;
  handlers: ConnectionHandlers | undefined;

  setHandlers(handlers: ConnectionHandlers): void {
    this.handlers = handlers;
  }

  write(data: Buffer | string): void {
    this.bytesWritten += data.length;
    this.writeCount++;
  }

  writeCopy(bytes: Buffer, start: number, end: number): void {
    this.bytesWritten += end - start;
    this.writeCount++;
    if (bytes[start + 3] === frameHeaders && end - start > frameHeaderBytes) this.headCount++;
  }

  readDisable(): void {}
  shutdownWrite(): void {}
  close(): void {}
  setWriteBufferLimit(): void {}
}

const frameHeaders = 1;
const frameHeaderBytes = 9;

/** An upstream whose connections are there when the bench says so. */
class IdleConnector implements UpstreamConnector {
  readonly connections: SinkConnection[] = [];
  connect(): Connection {
    const connection = new SinkConnection();
    this.connections.push(connection);
    return connection;
  }
}

/** A worker without sockets: clients, and what the pool has opened. */
export interface RequestPath {
  readonly wheel: TimerWheel;
  readonly clients: readonly SinkConnection[];
  readonly upstreams: readonly SinkConnection[];
}

/** `logPath`: of the access log; undefined: none. */
export function createRequestPath(
  clientCount: number,
  upstreamProtocol: UpstreamProtocol,
  logPath: string | undefined,
): RequestPath {
  const wheel = new TimerWheel(systemClock);
  const stats = createStatsStore({ onDeclared: () => undefined }).root;
  const rng = createSeededRng(1);
  const workspace = new CodecWorkspace();
  const connector = new IdleConnector();
  const clusters = new WorkerClusters({
    workerIndex: 0,
    workerCount: 1,
    clock: wheel,
    rng,
    stats,
    connector,
    codecs: new ClientCodecs(workspace, wheel, rng),
  });
  clusters.apply(
    buildClusterUpdate('upstream', [buildHost(0, 8_000)], { http: { protocol: upstreamProtocol } }),
  );
  let streamId = 0;
  const table = buildTable([
    buildVirtualHost([buildRoute(prefix('/'), forward('upstream'))], { domains: ['bench.test'] }),
  ]);
  const logFiles = new LogFiles({
    clock: wheel,
    stats: logFileStats.create(stats.scope('filesystem.')),
    logger: createSilentLogger(),
  });
  const format = { kind: 'text', format: '' } as const;
  const manager = new ManagerConfig(
    buildManager(table, {
      accessLogs:
        logPath === undefined
          ? []
          : [{ sink: { kind: 'file', path: logPath }, format, omitEmptyValues: false }],
    }),
    {
      wheel,
      rng,
      stats,
      date: new DateText(wheel),
      workspace,
      routes: new ActiveRouteTables(),
      logFiles,
      filters: [createRouterFilterFactory(clusters)],
      nodeAddress: '192.0.2.1',
      nextStreamId: () => ++streamId,
      // The bench is one turn without an end.
      requestTurn: new RequestTurn({ monotonicMs: () => 0 }),
    },
    { statsScope: stats.scope('listener.bench.'), filterChainName: '', bufferLimitBytes: 1024 * 1024 },
  );
  const factory = createHttpConnectionManager(manager);
  const owner = { info: new ConnectionInfo(''), drainClose: () => false, onSessionEnd: () => undefined };
  const clients = Array.from({ length: clientCount }, () => {
    const client = new SinkConnection();
    factory.createSession(client, owner);
    return client;
  });
  return { wheel, clients, upstreams: connector.connections };
}

/** As a socket's read: time stands still meanwhile. */
export function read({ wheel }: RequestPath, connection: SinkConnection, chunk: Buffer): void {
  wheel.beginTurn();
  connection.handlers?.onData(chunk);
  wheel.endTurn();
}

/** Whatever the pool has opened since is there. */
export function connectUpstreams({ upstreams }: RequestPath): void {
  for (const upstream of upstreams) {
    if (upstream.isConnected) continue;
    upstream.isConnected = true;
    upstream.handlers?.onConnected?.();
  }
}
