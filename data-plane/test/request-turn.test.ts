import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type ClientHttp2Session } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { text } from 'node:stream/consumers';
import { cancel, clientPreface, frameRstStream, frameSettings } from '../src/codec/http2/protocol.ts';
import { buildFrame } from '../src/codec/http2/testing/build-frame.ts';
import { getRequest, ScriptedClient, uint32 } from '../src/codec/http2/testing/scripted-peer.ts';
import { RequestTurn } from '../src/downstream/http/request-turn.ts';
import { startProxy } from '../src/router/testing/proxy.ts';
import {
  buildRoute,
  buildTable,
  buildVirtualHost,
  forward,
  prefix,
} from '../src/router/testing/route-fixtures.ts';
import { startHttpServer, until } from '../src/upstream/testing/upstream-server.ts';

const table = buildTable([
  buildVirtualHost([
    buildRoute(prefix('/c/'), forward('c')),
    buildRoute(prefix('/'), { kind: 'direct-response', status: 200, body: 'direct' }),
  ]),
]);

/** By its time every turn is over as soon as it has begun. */
function createShortTurn(): RequestTurn {
  let nowMs = 0;
  return new RequestTurn({ monotonicMs: () => (nowMs += 10) });
}

const preface = Buffer.concat([Buffer.from(clientPreface), buildFrame(frameSettings, 0, 0)]);

/** So many streams in one piece, each reset in it where `isReset`. */
function requests(count: number, path: string, isReset: boolean): Buffer {
  const peer = new ScriptedClient();
  const fields = getRequest.map(([name, value]) => [name, name === ':path' ? path : value] as const);
  const frames = Array.from({ length: count }, (_, index) => {
    const id = 2 * index + 1;
    const head = peer.headers(id, fields);
    return isReset ? Buffer.concat([head, buildFrame(frameRstStream, 0, id, uint32(cancel))]) : head;
  });
  return Buffer.concat(frames);
}

test('a client that takes its requests back at once soon costs no upstream a request', async (t) => {
  const server = await startHttpServer((_, answer) => void answer.end('late'));
  t.after(() => server.close());
  const proxy = await startProxy(t, table, { clusters: { c: [server.port] } });
  const socket = connectTcp(proxy.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.resume();
  socket.write(Buffer.concat([preface, requests(240, '/c/', true)]));
  await until(() => proxy.stats.value('http.test.downstream_rq_total') === 240);
  await until(() => proxy.stats.value('http.test.downstream_rq_active') === 0);
  assert.equal(proxy.stats.value('http.test.downstream_rq_rx_reset'), 240);
  const upstreamCount = proxy.stats.value('cluster.c.upstream_rq_pending_total');
  // Some before it is known for that, and those whose reset a read had cut off.
  assert.ok(upstreamCount <= 40, `${upstreamCount} requests of 240 went to the upstream`);
});

test('others are served between the requests that one client sends at once', async (t) => {
  const proxy = await startProxy(t, table, { requestTurn: createShortTurn() });
  const flood = connectTcp(proxy.port, '127.0.0.1');
  const other = connectTcp(proxy.port, '127.0.0.1');
  t.after(() => {
    flood.destroy();
    other.destroy();
  });
  await Promise.all([once(flood, 'connect'), once(other, 'connect')]);
  flood.resume();
  flood.write(Buffer.concat([preface, requests(900, '/', false)]));
  await until(() => proxy.stats.value('http.test.downstream_rq_total') === 900);
  other.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await once(other, 'data');
  const answeredBefore = proxy.stats.value('http.test.downstream_rq_2xx');
  assert.ok(answeredBefore < 900, `the other client waited for ${answeredBefore} requests`);
  await until(() => proxy.stats.value('http.test.downstream_rq_2xx') === 901);
});

test('no more requests of a connection start in a turn than http.max_requests_per_io_cycle says', async (t) => {
  const proxy = await startProxy(t, table, { manager: { maxRequestsPerIoCycle: 2 } });
  const socket = connectTcp(proxy.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.resume();
  socket.write(Buffer.concat([preface, requests(100, '/', false)]));
  await until(() => proxy.stats.value('http.test.downstream_rq_total') === 100);
  const answered = (): number => proxy.stats.value('http.test.downstream_rq_2xx');
  const startedCount = answered();
  assert.ok(startedCount < 100, `${startedCount} at once`);
  for (let before = startedCount; before < 100; before = answered()) {
    await until(() => answered() > before);
    assert.ok(answered() <= before + 2, `from ${before} to ${answered()}`);
  }
});

test('requests that had to wait go through whole, with their bodies and in their order', async (t) => {
  const paths: string[] = [];
  const server = await startHttpServer((request, answer) => {
    paths.push(request.url ?? '');
    request.pipe(answer);
  });
  t.after(() => server.close());
  const proxy = await startProxy(t, table, {
    clusters: { c: [server.port] },

    requestTurn: createShortTurn(),
  });
  const session: ClientHttp2Session = connect(`http://127.0.0.1:${proxy.port}`);
  t.after(() => session.destroy());
  await once(session, 'remoteSettings');
  const answers = Array.from({ length: 60 }, async (_, index) => {
    const stream = session.request({ ':method': 'POST', ':path': `/c/${index}` }, { endStream: false });
    stream.write(`begin ${index}, `);
    if (index % 3 === 0) stream.end('end');
    else if (index % 3 === 1) stream.end('x'.repeat(40_000));
    else setImmediate(() => stream.end('later'));
    return text(stream);
  });
  const bodies = await Promise.all(answers);
  bodies.forEach((body, index) => {
    const rest = index % 3 === 0 ? 'end' : index % 3 === 1 ? 'x'.repeat(40_000) : 'later';
    assert.equal(body, `begin ${index}, ${rest}`);
  });
  assert.equal(new Set(paths).size, 60);
});
