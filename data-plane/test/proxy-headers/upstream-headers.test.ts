import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import { RawClient } from '../../src/router/testing/raw-client.ts';
import {
  buildBinary,
  buildTlv,
  packAddresses,
} from '../../src/transport/proxy-protocol/testing/build-proxy-header.ts';
import {
  cluster,
  httpHealthCheck,
  listener,
  manager,
  proxyProtocolFilter,
  type Json,
} from '../statistics/bootstrap-parts.ts';
import { until } from '../../src/upstream/testing/upstream-server.ts';
import { startEnvoyProcess } from '../statistics/envoy-process.ts';
import { startSidecarProcess } from '../statistics/sidecar-process.ts';

const envoy = usePeer('envoy');
const transport = 'type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3';
const rawBuffer = 'type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';

/** What the PROXY transport socket is told; each has a cluster and a listener. */
const kinds: Readonly<Record<string, Json>> = {
  v1: { version: 'V1' },
  v2: { version: 'V2' },
  added: { version: 'V2', added_tlvs: [{ type: 225, value: Buffer.from('added').toString('base64') }] },
  passed: {
    version: 'V2',
    pass_through_tlvs: { match_type: 'INCLUDE', tlv_type: [4, 234] },
    added_tlvs: [{ type: 234, value: 'eA==' }],
  },
  all: { version: 'V2', pass_through_tlvs: { match_type: 'INCLUDE_ALL' } },
};
const headers: readonly Buffer[] = [
  Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000\r\n'),
  Buffer.from('PROXY TCP6 2001:db8::1 2001:db8::2 1000 2000\r\n'),
  // Of another client: Envoy shares connections of one address whatever its TLVs are.
  buildBinary({
    addresses: packAddresses([1, 2, 3, 5], [5, 6, 7, 8], 1000, 2000),
    tlvs: [buildTlv(2, 'a.test'), buildTlv(4, 'x'), buildTlv(234, 'y')],
  }),
];

/** Remembers how connections begin, and answers requests. */
async function startUpstream(t: TestContext) {
  const beginnings: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    let received = '';
    let isFirst = true;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (!received.includes('\r\n\r\n', 12)) return;
      if (isFirst) beginnings.push(Buffer.from(received.split('GET ')[0] ?? '', 'latin1').toString('hex'));
      isFirst = false;
      received = '';
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, beginnings };
}

function proxied(config: Json): Json {
  const typed_config = {
    '@type': `${transport}.ProxyProtocolUpstreamTransport`,
    config,
    transport_socket: { name: 'raw', typed_config: { '@type': rawBuffer } },
  };
  return { transport_socket: { name: 'p', typed_config } };
}

function buildResources(upstreamPort: number): Json {
  return {
    clusters: Object.entries(kinds).map(([name, config]) =>
      cluster(name, [upstreamPort], {
        connect_timeout: '5s',
        ...proxied(config),
      }),
    ),
    listeners: Object.keys(kinds).map((name) =>
      listener(name, manager(name, [{ match: { prefix: '/' }, route: { cluster: name } }]), {
        listener_filters: [proxyProtocolFilter({ pass_through_tlvs: { match_type: 'INCLUDE_ALL' } })],
      }),
    ),
  };
}

/** Two requests on each connection: the header goes once. */
async function ask(port: number): Promise<void> {
  for (const header of headers) {
    const client = await RawClient.open(port);
    for (const start of [header, Buffer.alloc(0)]) {
      client.socket.write(Buffer.concat([start, Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n')]));
      assert.equal((await client.answer()).status, 200);
    }
    client.close();
  }
}

test('upstreams get the bytes that a real Envoy sends', { skip: envoy.skip }, async (t) => {
  const [ours, theirs] = [await startUpstream(t), await startUpstream(t)];
  const sidecar = await startSidecarProcess(
    { static_resources: buildResources(ours.port) },
    { argv: ['--concurrency', '1'] },
  );
  t.after(() => sidecar.stop());
  const peer = await startEnvoyProcess(t, envoy.path, buildResources(theirs.port));
  for (const kind of Object.keys(kinds)) {
    await ask(await sidecar.portOf(kind));
    await ask(peer.portOf(kind));
    assert.deepEqual(ours.beginnings.splice(0), theirs.beginnings.splice(0), kind);
  }
});

test('health checks stand for themselves, as those of a real Envoy', { skip: envoy.skip }, async (t) => {
  const [ours, theirs] = [await startUpstream(t), await startUpstream(t)];
  const checked = (port: number): Json => ({
    clusters: [cluster('c', [port], { ...proxied({ version: 'V2' }), ...httpHealthCheck('/') })],
  });
  const sidecar = await startSidecarProcess(
    { static_resources: checked(ours.port) },
    { argv: ['--concurrency', '1'] },
  );
  t.after(() => sidecar.stop());
  await startEnvoyProcess(t, envoy.path, checked(theirs.port));
  await until(() => ours.beginnings.length > 0 && theirs.beginnings.length > 0);
  assert.equal(ours.beginnings[0], theirs.beginnings[0]);
});
