import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { afterEach, test } from 'node:test';
import { HeaderMap } from '../../codec/header-map.ts';
import { noHttp2Stats } from '../../codec/http2/codec-stats.ts';
import { defaultHttp, httpChecker } from '../testing/model-fixtures.ts';
import { createSocketUpstream } from '../testing/socket-upstream.ts';
import {
  startHttp2Server,
  startHttpServer,
  startTcpServer,
  until,
  type UpstreamServer,
} from '../testing/upstream-server.ts';
import { createGrpcExchange, type GrpcChecker } from './grpc-health-probe.ts';
import type { HealthProbe } from './health-probe.ts';
import { networkFailure } from './health-probe.ts';
import type { CheckResult } from './health-state.ts';
import { createHttpExchange, judgeAnswer, type HttpChecker } from './http-health-probe.ts';
import { RequestHealthProbe } from './request-health-probe.ts';
import { containsInOrder, TcpHealthProbe } from './tcp-health-probe.ts';

const cleanUps: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const success: CheckResult = { kind: 'success', isDegraded: false };

async function serve(server: Promise<UpstreamServer>): Promise<UpstreamServer> {
  const started = await server;
  cleanUps.push(() => started.close());
  return started;
}

function httpProbe(checker: HttpChecker = httpChecker, reuseConnection = true): RequestHealthProbe {
  const { connector, codecs } = createSocketUpstream();
  const probe = new RequestHealthProbe({
    exchange: createHttpExchange(checker, 'orders'),
    reuseConnection,
    connector,
    createCodec:
      checker.protocol === 'http1'
        ? codecs.http1(defaultHttp)
        : codecs.http2(defaultHttp, 1024 * 1024, noHttp2Stats),
    alpnProtocols: [],
  });
  cleanUps.push(() => probe.abort());
  return probe;
}

function tcpProbe(sendHex: string, receiveHex: readonly string[], reuseConnection = true): TcpHealthProbe {
  const { connector } = createSocketUpstream();
  const checker = { kind: 'tcp', sendHex, receiveHex } as const;
  const probe = new TcpHealthProbe({ checker, reuseConnection, connector });
  cleanUps.push(() => probe.abort());
  return probe;
}

function check(probe: HealthProbe, port: number, checkHostname = ''): Promise<CheckResult> {
  return new Promise((resolve) =>
    probe.check(
      { host: { address: { address: '127.0.0.1', port }, hostname: '', transportSocket: -1 }, checkHostname },
      resolve,
    ),
  );
}

test('HTTP: what is asked, on one connection', async () => {
  const seen: IncomingMessage[] = [];
  const server = await serve(
    startHttpServer((request, answer) => {
      seen.push(request);
      answer.end('fine');
    }),
  );
  const checker: HttpChecker = { ...httpChecker, requestHeaders: [{ name: 'x-probe', value: '1' }] };
  const probe = httpProbe(checker);
  assert.deepEqual(await check(probe, server.port), success);
  assert.deepEqual(await check(probe, server.port, 'own.test'), success);
  assert.equal(server.sockets.size, 1);
  const [first, second] = seen as [IncomingMessage, IncomingMessage];
  assert.deepEqual([first.method, first.url], ['GET', '/health']);
  assert.deepEqual(first.headers, { host: 'orders', 'user-agent': 'Envoy/HC', 'x-probe': '1' });
  assert.equal(second.headers.host, 'own.test');
});

test('HTTP: no reuse where it is off, or where the server closes', async () => {
  const server = await serve(startHttpServer((_, answer) => answer.end()));
  const probe = httpProbe(httpChecker, false);
  await check(probe, server.port);
  await until(() => server.sockets.size === 0);
  assert.deepEqual(await check(probe, server.port), success);
});

test('HTTP: a server that closed the idle connection meanwhile is healthy', async () => {
  let requestCount = 0;
  const server = await serve(
    startTcpServer((socket) => {
      socket.on('data', () => {
        requestCount++;
        // The second request meets a connection that the server is just closing.
        if (requestCount === 2) socket.destroy();
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      });
    }),
  );
  const probe = httpProbe();
  assert.deepEqual(await check(probe, server.port), success);
  assert.deepEqual(await check(probe, server.port), success);
  assert.equal(requestCount, 3);
});

test('HTTP: refused, cut off and nonsense are network failures', async () => {
  const server = await serve(
    startTcpServer((socket) => {
      socket.once('data', (data) => {
        if (data.includes('/cut')) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab');
        else socket.end('nonsense\r\n\r\n');
      });
    }),
  );
  const cut = httpProbe({ ...httpChecker, path: '/cut' });
  assert.deepEqual(await check(cut, server.port), networkFailure);
  assert.deepEqual(await check(httpProbe(), server.port), networkFailure);
  const gone = await startTcpServer(() => undefined);
  await gone.close();
  assert.deepEqual(await check(httpProbe(), gone.port), networkFailure);
});

test('HTTP: the answer is judged by its status, and may be degraded or ask for exclusion', () => {
  const checker: HttpChecker = {
    ...httpChecker,
    expectedStatuses: [{ start: 200, end: 300 }],
    retriableStatuses: [{ start: 500, end: 504 }],
  };
  const judge = (status: number, fields: Record<string, string> = {}) =>
    judgeAnswer(HeaderMap.of({ ':status': String(status), ...fields }), checker);
  assert.deepEqual(judge(299), success);
  assert.deepEqual(judge(200, { 'x-envoy-degraded': '' }), { kind: 'success', isDegraded: true });
  assert.deepEqual(judge(300), { kind: 'failure', type: 'active', isRetriable: false, isExcluding: false });
  assert.deepEqual(judge(503), { kind: 'failure', type: 'active', isRetriable: true, isExcluding: false });
  assert.deepEqual(judge(404, { 'x-envoy-immediate-health-check-fail': 'true' }), {
    kind: 'failure',
    type: 'active',
    isRetriable: false,
    isExcluding: true,
  });
});

test('HTTP/2: checks share a connection, and a GOAWAY between them is no failure', async () => {
  const paths: string[] = [];
  const server = await serve(
    startHttp2Server((stream, headers) => {
      paths.push(headers[':path'] ?? '');
      stream.respond({ ':status': paths.length === 3 ? 503 : 200 });
      stream.end('fine');
      if (paths.length === 2) stream.session?.close();
    }),
  );
  const probe = httpProbe({ ...httpChecker, protocol: 'http2' });
  assert.deepEqual(await check(probe, server.port), success);
  assert.equal(server.sockets.size, 1);
  assert.deepEqual(await check(probe, server.port), success);
  await until(() => server.sockets.size === 0);
  assert.deepEqual(await check(probe, server.port), {
    kind: 'failure',
    type: 'active',
    isRetriable: false,
    isExcluding: false,
  });
  assert.deepEqual(paths, ['/health', '/health', '/health']);
});

const grpcChecker: GrpcChecker = { kind: 'grpc', serviceName: '', authority: '', initialMetadata: [] };
/** `HealthCheckResponse { status }` with its prefix. */
const answerOf = (status: number): Buffer => Buffer.from([0, 0, 0, 0, 2, 8, status]);

async function checkGrpc(
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, content: Buffer) => void,
  checker = grpcChecker,
): Promise<CheckResult> {
  const server = await serve(
    startHttp2Server((stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => onStream(stream, headers, Buffer.concat(chunks)));
    }),
  );
  const { connector, codecs } = createSocketUpstream();
  const probe = new RequestHealthProbe({
    exchange: createGrpcExchange(checker, 'orders'),
    reuseConnection: true,
    connector,
    createCodec: codecs.http2(defaultHttp, 1024 * 1024, noHttp2Stats),
    alpnProtocols: [],
  });
  cleanUps.push(() => probe.abort());
  return check(probe, server.port);
}

function answerGrpc(stream: ServerHttp2Stream, content: Buffer, grpcStatus: string): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': grpcStatus }));
  stream.end(content);
}

test('gRPC: what is asked', async () => {
  let seen: IncomingHttpHeaders = {};
  let asked = '';
  const initialMetadata = [{ name: 'x-probe', value: '1' }];
  const result = await checkGrpc(
    (stream, headers, content) => {
      seen = headers;
      asked = content.toString('hex');
      answerGrpc(stream, answerOf(1), '0');
    },
    { ...grpcChecker, serviceName: 'shop.Cart', authority: 'cart.test', initialMetadata },
  );
  assert.deepEqual(result, success);
  assert.equal(asked, `000000000b0a09${Buffer.from('shop.Cart').toString('hex')}`);
  assert.deepEqual(Object.fromEntries(Object.entries(seen)), {
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': 'cart.test',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'Envoy/HC',
    'x-probe': '1',
  });
});

test('gRPC: only SERVING with status 0 is a success', async () => {
  const failure: CheckResult = { kind: 'failure', type: 'active', isRetriable: false, isExcluding: false };
  const answers: readonly [(stream: ServerHttp2Stream) => void, CheckResult][] = [
    [(stream) => answerGrpc(stream, answerOf(1), '0'), success],
    [(stream) => answerGrpc(stream, answerOf(2), '0'), failure],
    [(stream) => answerGrpc(stream, answerOf(1), '2'), failure],
    [(stream) => answerGrpc(stream, Buffer.alloc(0), '0'), failure],
    [(stream) => answerGrpc(stream, Buffer.concat([answerOf(1), answerOf(1)]), '0'), failure],
    [(stream) => answerGrpc(stream, Buffer.alloc(100_000), '0'), failure],
    [
      (stream) =>
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' },
          { endStream: true },
        ),
      failure,
    ],
    [(stream) => stream.respond({ ':status': 503 }, { endStream: true }), failure],
    [(stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR), networkFailure],
  ];
  for (const [answer, expected] of answers) {
    assert.deepEqual(await checkGrpc(answer), expected, answer.toString());
  }
});

test('TCP: without patterns a connection is enough, and is closed', async () => {
  const server = await serve(startTcpServer((socket) => socket.resume()));
  const probe = tcpProbe('aa', []);
  assert.deepEqual(await check(probe, server.port), success);
  await until(() => server.sockets.size === 0);
  assert.deepEqual(await check(probe, server.port), success);
});

test('TCP: patterns in order, on one connection', async () => {
  const server = await serve(
    startTcpServer((socket) =>
      socket.on('data', (data) => socket.write(`+${data.toString('latin1')}..PONG`)),
    ),
  );
  const probe = tcpProbe(Buffer.from('PING').toString('hex'), [
    Buffer.from('PING').toString('hex'),
    Buffer.from('PONG').toString('hex'),
  ]);
  assert.deepEqual(await check(probe, server.port), success);
  assert.deepEqual(await check(probe, server.port), success);
  assert.equal(server.sockets.size, 1);
});

test('TCP: a close before the patterns is a network failure', async () => {
  const server = await serve(startTcpServer((socket) => socket.end('nope')));
  assert.deepEqual(await check(tcpProbe('', ['aabb']), server.port), networkFailure);
});

test('patterns may have anything between them, but not overlap', () => {
  const contains = (received: string, ...patterns: string[]) =>
    containsInOrder(
      Buffer.from(received),
      patterns.map((pattern) => Buffer.from(pattern)),
    );
  assert.equal(contains('xxabyycdzz', 'ab', 'cd'), true);
  assert.equal(contains('cdab', 'ab', 'cd'), false);
  assert.equal(contains('aba', 'ab', 'ba'), false);
});
