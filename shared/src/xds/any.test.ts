import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAny, packAny, unpackAny } from './any.ts';
import { contentHash } from './content-hash.ts';
import { resourceName } from './resource-name.ts';
import { toTypeName, toTypeUrl, typeUrls } from './type-urls.ts';
import { loadApi } from './xds-api.ts';

const api = loadApi();
const router = 'envoy.extensions.filters.http.router.v3.Router';
const buffer = 'envoy.extensions.filters.http.buffer.v3.Buffer';

test('what is packed is unpacked, whatever host the type URL has', () => {
  const any = packAny(api, buffer, { maxRequestBytes: 5 });
  assert.equal(any.typeUrl, `type.googleapis.com/${buffer}`);
  assert.deepEqual(unpackAny(api, any, buffer), { maxRequestBytes: 5 });
  assert.deepEqual(unpackAny(api, { ...any, typeUrl: `example.test/x/${buffer}` }, buffer), {
    maxRequestBytes: 5,
  });
  assert.deepEqual(openAny(api, any), { typeName: buffer, message: { maxRequestBytes: 5 } });
});

for (const wrapper of ['xds.type.v3.TypedStruct', 'udpa.type.v1.TypedStruct'] as const) {
  test(`${wrapper} stands for the message that it names`, () => {
    const any = packAny(api, wrapper, { typeUrl: toTypeUrl(buffer), value: { max_request_bytes: 5 } });
    assert.deepEqual(unpackAny(api, any, buffer), { maxRequestBytes: 5 });
    assert.deepEqual(openAny(api, any), { typeName: buffer, message: { maxRequestBytes: 5 } });
    assert.throws(() => unpackAny(api, any, router), /expected .*Router, found .*Buffer/);
    const wrong = packAny(api, wrapper, { typeUrl: toTypeUrl(buffer), value: { max_bytes: 5 } });
    assert.throws(() => openAny(api, wrong), /max_bytes: no such field/);
    const unknown = packAny(api, wrapper, { typeUrl: 'x/y.Z', value: {} });
    assert.throws(() => openAny(api, unknown), /the API has no type x\/y\.Z/);
    const itself = packAny(api, wrapper, { typeUrl: toTypeUrl(wrapper), value: { typeUrl: 'a' } });
    assert.equal(openAny(api, itself).typeName, wrapper);
  });
}

test('another type, no type, an unknown type, bytes that are no message', () => {
  const any = packAny(api, buffer, {});
  assert.throws(
    () => unpackAny(api, any, router),
    /expected type\.googleapis\.com\/.*Router, found .*Buffer/,
  );
  assert.throws(() => unpackAny(api, { typeUrl: '', value: Buffer.alloc(0) }, router), /found an empty Any/);
  assert.throws(() => openAny(api, { typeUrl: '', value: Buffer.alloc(0) }), /without a type URL/);
  assert.throws(
    () => openAny(api, { typeUrl: `${any.typeUrl}r`, value: Buffer.alloc(0) }),
    /did you mean "envoy\..*Buffer"/,
  );
  assert.throws(() => openAny(api, { ...any, value: Buffer.of(8) }), /cut off/);
});

test('type URLs name messages of the API', () => {
  for (const typeUrl of Object.values(typeUrls)) {
    assert.notEqual(api.types.findMessage(toTypeName(typeUrl)), undefined, typeUrl);
    assert.equal(toTypeUrl(toTypeName(typeUrl)), typeUrl);
  }
});

test('resources are named by their own field', () => {
  const assignment = api.create('envoy.config.endpoint.v3.ClusterLoadAssignment', { clusterName: 'cart' });
  assert.equal(resourceName('envoy.config.endpoint.v3.ClusterLoadAssignment', assignment), 'cart');
  assert.equal(
    resourceName(
      'envoy.config.cluster.v3.Cluster',
      api.create('envoy.config.cluster.v3.Cluster', { name: 'c' }),
    ),
    'c',
  );
  assert.equal(resourceName('envoy.config.endpoint.v3.LbEndpoint', { endpoint: {} }), '');
});

test('a content hash depends on the content, and on where it is parted', () => {
  assert.equal(contentHash('abc'), contentHash(Buffer.from('abc')));
  assert.match(contentHash('abc'), /^[0-9a-f]{16}$/);
  assert.equal(
    new Set([
      contentHash('abc'),
      contentHash('ab', 'c'),
      contentHash('a', 'bc'),
      contentHash(),
      contentHash(''),
    ]).size,
    5,
  );
});
