/**
 * What one request costs from the bytes of its head to the bytes of its answer, without sockets: codec, manager,
 * filters, route, pick, pool, both encoders, statistics, a line of the access log. Each stage's share comes from V8's sampling profiler.
 *
 *     sh tools/node data-plane/bench/request-path-bench.ts [requests]
 */
import { Session, type Profiler } from 'node:inspector/promises';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createSeededRng } from '@heddle/shared/random/rng';
import { systemClock } from '@heddle/shared/time/clock';
import { Http1Workspace } from '../src/codec/http1/workspace.ts';
import { LogFiles, logFileStats } from '../src/downstream/http/access-log/log-file.ts';
import { createHttpConnectionManager } from '../src/downstream/http/http-connection-manager.ts';
import { ManagerConfig } from '../src/downstream/http/manager-config.ts';
import { DateText } from '../src/downstream/http/response-headers.ts';
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
import { stageOf, sumUp, type Share } from './stages.ts';

const requestHead = Buffer.from('GET / HTTP/1.1\r\nHost: bench.test\r\n\r\n');
const answer = Buffer.from(
  'HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Tue, 24 Nov 2026 06:00:00 GMT\r\nContent-Type: text/plain\r\n' +
    'Content-Length: 24\r\nConnection: keep-alive\r\n\r\nan answer of 24 octets.\n',
);
const connectionCount = 64;

/** A connection whose writes go nowhere but are counted. */
class SinkConnection implements Connection {
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
  answerCount = 0;
  isConnected = false;
  handlers: ConnectionHandlers | undefined;
  setHandlers(handlers: ConnectionHandlers): void {
    this.handlers = handlers;
  }
  writeCopy(bytes: Buffer, start: number, end: number): void {
    this.write(bytes.subarray(start, end));
  }

  write(data: Buffer | string): void {
    this.bytesWritten += data.length;
    this.writeCount++;
  }
  readDisable(): void {}
  shutdownWrite(): void {}
  close(): void {}
  setWriteBufferLimit(): void {}
}

/** An upstream that answers every head it is sent, when the bench says so. */
class AnsweringConnector implements UpstreamConnector {
  readonly connections: SinkConnection[] = [];
  connect(): Connection {
    const connection = new SinkConnection();
    this.connections.push(connection);
    return connection;
  }
}

interface Path {
  readonly wheel: TimerWheel;
  readonly clients: readonly SinkConnection[];
  readonly connector: AnsweringConnector;
}

function createPath(): Path {
  const wheel = new TimerWheel(systemClock);
  const stats = createStatsStore({ onDeclared: () => undefined }).root;
  const rng = createSeededRng(1);
  const workspace = new Http1Workspace();
  const connector = new AnsweringConnector();
  const clusters = new WorkerClusters({
    workerIndex: 0,
    workerCount: 1,
    clock: wheel,
    rng,
    stats,
    connector,
    codecs: new ClientCodecs(workspace, wheel, rng),
  });
  clusters.apply(buildClusterUpdate('upstream', [buildHost(0, 8_000)]));
  let streamId = 0;
  const table = buildTable([
    buildVirtualHost([buildRoute(prefix('/'), forward('upstream'))], { domains: ['bench.test'] }),
  ]);
  const filters = [createRouterFilterFactory(clusters)];
  const logFiles = new LogFiles({
    clock: wheel,
    stats: logFileStats.create(stats.scope('filesystem.')),
    logger: createSilentLogger(),
  });
  const manager = new ManagerConfig(
    buildManager(table, {
      accessLogs: [
        {
          sink: { kind: 'file', path: '/dev/null' },
          format: { kind: 'text', format: '' },
          omitEmptyValues: false,
        },
      ],
    }),
    {
      wheel,
      rng,
      stats,
      date: new DateText(wheel),
      workspace,
      routes: new ActiveRouteTables(),
      logFiles,
      filters,
      nodeAddress: '192.0.2.1',
      nextStreamId: () => ++streamId,
    },
    { statsScope: stats.scope('listener.bench.'), filterChainName: '', bufferLimitBytes: 1024 * 1024 },
  );
  const factory = createHttpConnectionManager(manager);
  const owner = { drainClose: () => false, onSessionEnd: () => undefined };
  const clients = Array.from({ length: connectionCount }, () => {
    const client = new SinkConnection();
    factory.createSession(client, owner);
    return client;
  });
  return { wheel, clients, connector };
}

/** As a socket's read: time stands still meanwhile. */
function read(wheel: TimerWheel, connection: SinkConnection, chunk: Buffer): void {
  wheel.beginTurn();
  connection.handlers?.onData(chunk);
  wheel.endTurn();
}

/** One request on every connection, then the answers to all of them. */
function runRound({ wheel, clients, connector }: Path): void {
  for (const client of clients) read(wheel, client, requestHead);
  for (const upstream of connector.connections) {
    if (!upstream.isConnected) {
      upstream.isConnected = true;
      upstream.handlers?.onConnected?.();
    }
  }
  for (const upstream of connector.connections) {
    if (upstream.writeCount === upstream.answerCount) continue;
    upstream.answerCount = upstream.writeCount;
    read(wheel, upstream, answer);
  }
}

/** Microseconds of self time for each request, by source file. */
function toFiles(profile: Profiler.Profile, requestCount: number): readonly Share[] {
  const fileOf = new Map(
    profile.nodes.map(({ id, callFrame }) => {
      const source = callFrame.url.split('/src/')[1];
      return [id, source ?? `(${callFrame.functionName || 'native'})`];
    }),
  );
  const { samples = [], timeDeltas = [] } = profile;
  return sumUp(
    samples.map((id, index) => [fileOf.get(id) ?? '(unknown)', (timeDeltas[index] ?? 0) / requestCount]),
  );
}

const requestCount = Number(process.argv[2] ?? '1000000');
const roundCount = Math.ceil(requestCount / connectionCount);
const path = createPath();
for (let round = 0; round < Math.min(2_000, roundCount); round++) runRound(path);
const answeredBytes = path.clients[0]?.bytesWritten ?? 0;
if (answeredBytes === 0) throw new Error('no request was answered');

/** CPU time: what others on the machine do counts less. */
function measure(rounds: number): number {
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round++) runRound(path);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (rounds * connectionCount);
}

const repeats = 5;
const figures = Array.from({ length: repeats }, () => measure(Math.ceil(roundCount / repeats)));
figures.sort((a, b) => a - b);
console.log(`one request: ${figures.map((figure) => figure.toFixed(2)).join(' ')} µs of CPU (sorted)`);

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.setSamplingInterval', { interval: 200 });
await session.post('Profiler.start');
const costUs = measure(roundCount);
const { profile } = await session.post('Profiler.stop');
const files = toFiles(profile, roundCount * connectionCount);
// The profiler's clock runs while others have the core: its shares hold, of the CPU time.
const scale = costUs / files.reduce((sum, [, microseconds]) => sum + microseconds, 0);
const print = (title: string, shares: readonly Share[]): void => {
  console.log(title);
  for (const [name, microseconds] of shares) {
    if (microseconds * scale >= 0.01) {
      console.log(`${(microseconds * scale).toFixed(3).padStart(7)} µs  ${name}`);
    }
  }
};
print('by stage', sumUp(files.map(([file, microseconds]) => [stageOf(file), microseconds])));
print('by file', files);
// The wheel's timers would keep the program alive.
process.exit(0);
