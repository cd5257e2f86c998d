/**
 * What one request costs from the bytes of its head to the bytes of its answer, without sockets: codec, manager,
 * filters, route, pick, pool, both encoders, statistics, and over HTTP/1.1 a line of the access log. Each stage's share
 * comes from V8's sampling profiler, the bytes from its heap.
 *
 *     sh tools/node data-plane/bench/request-path-bench.ts [http1|http2|http2-http1] [requests]
 */
import { Session, type Profiler } from 'node:inspector/promises';
import { getHeapStatistics } from 'node:v8';
import { Http2Peer } from './http2-peers.ts';
import { connectUpstreams, createRequestPath, read, type RequestPath } from './request-path.ts';
import { stageOf, sumUp, type Share } from './stages.ts';

const requestHead = Buffer.from('GET / HTTP/1.1\r\nHost: bench.test\r\n\r\n');
const answer = Buffer.from(
  'HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Tue, 24 Nov 2026 06:00:00 GMT\r\nContent-Type: text/plain\r\n' +
    'Content-Length: 24\r\nConnection: keep-alive\r\n\r\nan answer of 24 octets.\n',
);

/** One kind of request. */
interface Bench {
  readonly path: RequestPath;
  readonly requestsPerRound: number;
  /** All clients ask, then everything is answered. */
  runRound(): void;
}

function answerHttp1(path: RequestPath): void {
  connectUpstreams(path);
  for (const upstream of path.upstreams) {
    if (upstream.writeCount === upstream.answerCount) continue;
    upstream.answerCount = upstream.writeCount;
    read(path, upstream, answer);
  }
}

function createHttp1Bench(): Bench {
  const connectionCount = 64;
  const path = createRequestPath(connectionCount, 'http1', '/dev/null');
  return {
    path,
    requestsPerRound: connectionCount,
    runRound() {
      for (const client of path.clients) read(path, client, requestHead);
      answerHttp1(path);
    },
  };
}

/** As many connections and streams as `npm run bench` has. */
function createHttp2Bench(upstreamProtocol: 'http1' | 'http2'): Bench {
  const connectionCount = 8;
  const streamCount = 32;
  const path = createRequestPath(connectionCount, upstreamProtocol, undefined);
  const clients = path.clients.map((connection) => ({ connection, peer: Http2Peer.client(streamCount) }));
  for (const { connection, peer } of clients) read(path, connection, peer.opening);
  connectUpstreams(path);
  const [upstream] = path.upstreams;
  // Each client's opening has asked for something.
  const server = Http2Peer.server(streamCount * connectionCount, connectionCount);
  if (upstreamProtocol === 'http1') answerHttp1(path);
  else if (upstream !== undefined) read(path, upstream, server.opening);
  return {
    path,
    requestsPerRound: connectionCount * streamCount,
    runRound() {
      for (const { connection, peer } of clients) read(path, connection, peer.next());
      if (upstreamProtocol === 'http1') answerHttp1(path);
      else if (upstream !== undefined) read(path, upstream, server.next());
    },
  };
}

function createBench(kind: string): Bench {
  switch (kind) {
    case 'http1':
      return createHttp1Bench();
    case 'http2':
      return createHttp2Bench('http2');
    case 'http2-http1':
      return createHttp2Bench('http1');
    default:
      throw new Error(`no bench is called ${kind}`);
  }
}

/** Microseconds of self time for each request, by source file. */
function toFiles(profile: Profiler.Profile, count: number): readonly Share[] {
  const fileOf = new Map(
    profile.nodes.map(({ id, callFrame }) => {
      const source = callFrame.url.split('/src/')[1];
      return [id, source ?? `(${callFrame.functionName || 'native'})`];
    }),
  );
  const { samples = [], timeDeltas = [] } = profile;
  return sumUp(samples.map((id, index) => [fileOf.get(id) ?? '(unknown)', (timeDeltas[index] ?? 0) / count]));
}

const [kind = 'http1', requestCount = '1000000'] = process.argv.slice(2);
const bench = createBench(kind);
const roundCount = Math.ceil(Number(requestCount) / bench.requestsPerRound);
for (let round = 0; round < Math.min(500, roundCount); round++) bench.runRound();
const bytesBefore = bench.path.clients[0]?.bytesWritten ?? 0;
bench.runRound();
if (bench.path.clients[0]?.bytesWritten === bytesBefore) throw new Error('no request was answered');

/** CPU time: what others on the machine do counts less. */
function measure(rounds: number): number {
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round++) bench.runRound();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (rounds * bench.requestsPerRound);
}

/** Of a round in which nothing was collected: the heap grew. */
function allocatedBytes(): number {
  const samples: number[] = [];
  while (samples.length < 101) {
    const before = getHeapStatistics().used_heap_size;
    bench.runRound();
    const grownBytes = getHeapStatistics().used_heap_size - before;
    if (grownBytes > 0) samples.push(grownBytes / bench.requestsPerRound);
  }
  samples.sort((a, b) => a - b);
  return samples[samples.length >> 1] ?? 0;
}

const repeats = 5;
const figures = Array.from({ length: repeats }, () => measure(Math.ceil(roundCount / repeats)));
figures.sort((a, b) => a - b);
console.log(`one request: ${figures.map((figure) => figure.toFixed(2)).join(' ')} µs of CPU (sorted)`);
console.log(`allocated: ${Math.round(allocatedBytes())} bytes`);

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.setSamplingInterval', { interval: 200 });
await session.post('Profiler.start');
const costUs = measure(roundCount);
const { profile } = await session.post('Profiler.stop');
const files = toFiles(profile, roundCount * bench.requestsPerRound);
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
