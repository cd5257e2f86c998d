import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { firstWindowBytes } from '../src/codec/http2/client-stream.ts';
import {
  frameSettings,
  frameWindowUpdate,
  maxWindowBytes,
  settingInitialWindowSize,
} from '../src/codec/http2/protocol.ts';
import { setting, uint32 } from '../src/codec/http2/testing/scripted-peer.ts';
import { startProxy } from '../src/router/testing/proxy.ts';
import {
  buildRoute,
  buildTable,
  buildVirtualHost,
  forward,
  prefix,
} from '../src/router/testing/route-fixtures.ts';
import { get } from '../src/router/testing/raw-client.ts';
import { startHttp2Server, until } from '../src/upstream/testing/upstream-server.ts';
import { FramePeer } from './statistics/frame-peer.ts';

const table = buildTable([buildVirtualHost([buildRoute(prefix('/'), forward('c', { timeoutMs: 0 }))])]);
const streamCount = 100;
const limitBytes = 1024 * 1024;
/** What each stream may keep, whatever the others do. */
const leastShareBytes = 16 * 1024;

for (const [name, windowBytes] of [
  ['windows that are shut', 0],
  ['windows that are open', maxWindowBytes],
] as const) {
  test(`${streamCount} streams that nobody reads, ${name}: the buffer limit holds, and others are served`, async (t) => {
    const server = await startHttp2Server((stream, headers) => {
      stream.respond({ ':status': 200 });
      if (headers[':path'] === '/others') stream.end(Buffer.alloc(limitBytes, 'x'));
      else endlessBytes().pipe(stream);
    });
    t.after(() => server.close());
    const proxy = await startProxy(t, table, {
      clusters: { c: [server.port] },
      clusterFields: {
        http: { protocol: 'http2', http2: { allowsConnect: false, isStreamErrorOnInvalidMessage: false } },
      },
      bufferLimitBytes: limitBytes,
    });
    const client = await FramePeer.open(proxy.port);
    t.after(() => client.close());
    client.socket.pause();
    client.frame(frameSettings, 0, 0, setting(settingInitialWindowSize, windowBytes));
    if (windowBytes > 0) client.frame(frameWindowUpdate, 0, 0, uint32(maxWindowBytes - 65_535));
    for (let index = 0; index < streamCount; index++) client.get(2 * index + 1, '/');
    // A stream whose client takes nothing stops its server.
    await until(
      () => proxy.stats.value('cluster.c.upstream_flow_control_paused_reading_total') >= streamCount,
    );
    for (let count = 0; count < 5; count++) {
      assert.equal((await get(proxy.port, '/others')).body.length, limitBytes);
    }
    assert.equal(proxy.stats.value('http.test.downstream_rq_active'), streamCount);
    const keptBytes = proxy.stats.value('http2.pending_send_bytes');
    const mostBytes = limitBytes + streamCount * (leastShareBytes + firstWindowBytes);
    assert.ok(keptBytes <= mostBytes, `${keptBytes} bytes wait, ${mostBytes} may`);
  });
}

function endlessBytes(): Readable {
  return new Readable({
    read() {
      this.push(Buffer.alloc(16 * 1024));
    },
  });
}
