import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiscoveryRequest, DiscoveryResponse } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { ManagementServer, type ServerStream } from '../src/config/ads/testing/management-server.ts';
import { decoderOptions, encodeYaml, resourceTypes } from '../src/config/resources/testing/decode-yaml.ts';
import { get } from '../src/router/testing/raw-client.ts';
import { listener, manager, socketAddress } from './statistics/bootstrap-parts.ts';
import { startSidecarProcess } from './statistics/sidecar-process.ts';
import { dynamicResources } from './statistics/xds-pusher.ts';

/**
 * A control plane that sends nonsense gets a NACK for each, or loses the stream when there is nothing to refuse; the
 * traffic goes on, and so does the next good answer.
 */
const { api } = decoderOptions;
const { cluster } = resourceTypes;
const { typeUrl } = cluster;

type Response = MessageInit<DiscoveryResponse>;
const anyOf = (yaml: string) => ({ typeUrl, value: encodeYaml(cluster, yaml) });
const good = (name: string) => anyOf(`{ name: ${name}, connect_timeout: 1s }`);
const lengthDelimited = (tag: number, content: Buffer): Buffer => {
  const head: number[] = [tag];
  let length = content.length;
  for (; length >= 0x80; length = Math.floor(length / 128)) head.push((length % 128) | 0x80);
  head.push(length);
  return Buffer.concat([Buffer.from(head), content]);
};

/** A transport socket in a transport socket in …: each an Any of its own. */
function nestedSockets(depth: number): Buffer {
  const type = 'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport';
  const typeField = lengthDelimited(0x0a, Buffer.from(`type.googleapis.com/${type}`));
  let socket = lengthDelimited(0x0a, Buffer.from('envoy.transport_sockets.raw_buffer'));
  for (let index = 0; index < depth; index++) {
    // ProxyProtocolUpstreamTransport.transport_socket = 2, TransportSocket.name = 1, .typed_config = 3
    const any = Buffer.concat([typeField, lengthDelimited(0x12, lengthDelimited(0x12, socket))]);
    socket = Buffer.concat([lengthDelimited(0x0a, Buffer.from('x')), lengthDelimited(0x1a, any)]);
  }
  // Cluster.name = 1, Cluster.transport_socket = 24
  return Buffer.concat([
    lengthDelimited(0x0a, Buffer.from('deep')),
    Buffer.from([0xc2, 0x01]),
    lengthDelimited(0, socket).subarray(1),
  ]);
}

/** Unknown groups in groups. */
const nestedGroups = Buffer.concat([good('g').value, Buffer.alloc(200_000, 0x7b)]);
const longName = 'n'.repeat(64 * 1024);

const attacks: readonly (readonly [name: string, response: Response, refusal: RegExp | undefined])[] = [
  [
    'a truncated resource',
    { resources: [good('a'), { typeUrl, value: good('b').value.subarray(0, -1) }] },
    /Cluster: connect_timeout: .* the message is cut off/,
  ],
  ['a name twice', { resources: [good('a'), good('a')] }, /"a": occurs twice in the response/],
  ['a name of 64 KiB', { resources: [anyOf(`{ name: ${longName}, connect_timeout: 0s }`)] }, /nnnn/],
  ['another type', { resources: [{ ...good('a'), typeUrl: resourceTypes.listener.typeUrl }] }, /holds a/],
  [
    'a type that nobody knows',
    { resources: [{ ...good('a'), typeUrl: 'x/none.Such' }] },
    /holds a x\/none\.Such/,
  ],
  ['no type', { resources: [{ ...good('a'), typeUrl: '' }] }, /resource without a type/],
  [
    'sockets in sockets, 2,000 deep',
    { resources: [{ typeUrl, value: nestedSockets(2000) }] },
    /"?deep"?|nested/,
  ],
  ['groups in groups', { resources: [{ typeUrl, value: nestedGroups }] }, /not a envoy/],
  ['bytes', { resources: [{ typeUrl, value: Buffer.alloc(1000, 0xff) }] }, /not a envoy/],
  [
    '100 MB of one resource',
    { resources: [{ typeUrl, value: Buffer.alloc(100_000_000, 0x0a) }] },
    /not a envoy/,
  ],
  [
    '20,000 empty resources',
    { resources: Array.from({ length: 20_000 }, () => ({ typeUrl, value: Buffer.alloc(0) })) },
    /name/,
  ],
  [
    'itself as its endpoints, twice',
    {
      resources: ['a', 'b'].map((name) =>
        anyOf(
          `{ name: ${name}, type: EDS, eds_cluster_config: { service_name: a, eds_config: { ads: {}, initial_fetch_timeout: 0.1s } } }`,
        ),
      ),
    },
    undefined,
  ],
];

async function answerTo(
  stream: ServerStream<DiscoveryRequest, DiscoveryResponse>,
  nonce: string,
): Promise<DiscoveryRequest> {
  for (let index = 0; ; index++) {
    const request = await stream.request(index);
    if (request.responseNonce === nonce && request.typeUrl === typeUrl) return request;
  }
}

test('a control plane that sends nonsense', async (t) => {
  const server = new ManagementServer(api);
  await server.listen();
  t.after(() => server.kill());
  const dynamic = dynamicResources(server.port, { api_type: 'GRPC' });
  const direct = [
    { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'ok' } } },
  ];
  const sidecar = await startSidecarProcess(
    {
      ...dynamic,
      static_resources: {
        ...(dynamic['static_resources'] as object),
        listeners: [listener('l', manager('in', direct), { address: socketAddress(0) })],
      },
    },
    { argv: ['--concurrency', '1'] },
  );
  t.after(() => sidecar.stop());
  const stream = await server.nextSotwStream();
  stream.respond({ typeUrl, versionInfo: 'first', nonce: 'first', resources: [good('first')] });
  assert.equal((await answerTo(stream, 'first')).errorDetail, undefined);
  const port = await sidecar.portOf('l');
  for (const [index, [name, response, refusal]] of attacks.entries()) {
    const nonce = `attack-${index}`;
    stream.respond({ typeUrl, versionInfo: nonce, nonce, ...response });
    const { errorDetail } = await answerTo(stream, nonce);
    if (refusal === undefined) assert.equal(errorDetail, undefined, name);
    else {
      assert.match(errorDetail?.message ?? '', refusal, name);
      assert.ok(Buffer.byteLength(errorDetail?.message ?? '') < 5000, name);
    }
    assert.equal((await get(port, '/')).body, 'ok', name);
  }
  stream.respond({ typeUrl, versionInfo: 'last', nonce: 'last', resources: [good('last')] });
  assert.equal((await answerTo(stream, 'last')).errorDetail, undefined);
});
