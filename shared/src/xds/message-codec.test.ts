import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidInputError } from '../errors/problem.ts';
import { createSeededRng, randomInteger } from '../random/rng.ts';
import type { Cluster } from './api.ts';
import { loadApi } from './xds-api.ts';

const api = loadApi();
const cluster = 'envoy.config.cluster.v3.Cluster';

function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (thrown) {
    assert.ok(thrown instanceof InvalidInputError, String(thrown));
    return thrown.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return assert.fail('nothing was thrown');
}

/** Bytes written by hand: numbers are bytes, strings their UTF-8. */
function wire(...parts: (number | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))));
}

test('what is absent: scalars, lists and maps have their defaults, messages and wrappers are undefined', () => {
  const decoded = api.decode(cluster, Buffer.alloc(0));
  assert.equal(decoded.name, '');
  assert.equal(decoded.lbPolicy, 'ROUND_ROBIN');
  assert.deepEqual(decoded.healthChecks, []);
  assert.deepEqual(decoded.typedExtensionProtocolOptions, {});
  assert.equal(decoded.connectTimeout, undefined);
  assert.equal('perConnectionBufferLimitBytes' in decoded, false);
  assert.equal(decoded.type, undefined);
});

test('what is set to its default is told from what is absent, where the API tells it', () => {
  const decoded = api.create(cluster, {
    type: 'STATIC',
    perConnectionBufferLimitBytes: 0,
    connectTimeout: {},
    commonLbConfig: { healthyPanicThreshold: { value: 0 } },
    waitForWarmOnInit: false,
  });
  assert.equal(decoded.type, 'STATIC');
  assert.equal(decoded.perConnectionBufferLimitBytes, 0);
  assert.deepEqual(decoded.connectTimeout, { seconds: 0, nanos: 0 });
  assert.deepEqual(decoded.commonLbConfig?.healthyPanicThreshold, { value: 0 });
  assert.equal(decoded.waitForWarmOnInit, false);
});

test('equal values give equal bytes, however they were built', () => {
  const metadata = (keys: string[]) => ({
    filterMetadata: Object.fromEntries(keys.map((key) => [key, { [`${key}1`]: 1, [`${key}0`]: [null] }])),
  });
  const first = api.encode(cluster, {
    name: 'a',
    lbPolicy: 'MAGLEV',
    metadata: metadata(['x', 'b', '10', '9']),
  });
  const second = api.encode(cluster, {
    metadata: metadata(['9', '10', 'b', 'x']),
    lbPolicy: 'MAGLEV',
    name: 'a',
  });
  assert.deepEqual(first, second);
  assert.deepEqual(
    api.encode(cluster, { name: '', lbPolicy: 'ROUND_ROBIN', healthChecks: [] }),
    Buffer.alloc(0),
  );
});

test('JSON in messages keeps every value, and keys that mean something to JavaScript', () => {
  const json = JSON.parse(
    '{"__proto__":{"a":1},"constructor":[true,null,1.5,"x",{}],"":{"toString":false}}',
  ) as Record<string, never>;
  const decoded = api.create('envoy.config.core.v3.Node', { metadata: json });
  assert.deepEqual(decoded.metadata, json);
  assert.deepEqual(Object.keys(decoded.metadata ?? {}).sort(), ['', '__proto__', 'constructor']);
});

const integers = [
  0,
  1,
  -1,
  127,
  128,
  300,
  -300,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 32,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
];

test('64-bit integers are exact to 2^53, and their extremes survive', () => {
  for (const value of [...integers, -(2 ** 63), 2 ** 63]) {
    const range = api.create('envoy.type.v3.Int64Range', { start: value, end: value });
    assert.deepEqual(range, { start: value, end: value });
  }
  const maximum = api.encode('envoy.type.v3.Int64Range', { end: 2 ** 63 });
  assert.equal(maximum.toString('hex'), '10ffffffffffffffff7f');
  const unsigned = api.encode('google.protobuf.UInt64Value' as never, (2 ** 64) as never);
  assert.equal(unsigned.toString('hex'), '08ffffffffffffffffff01');
});

test('every scalar kind survives', () => {
  // The one message of the API with most of the kinds.
  const type = api.types.message('io.prometheus.client.Histogram');
  const value = {
    sampleCount: 2 ** 53 - 1,
    sampleSum: -0.1,
    sampleCountFloat: Infinity,
    zeroThreshold: -0,
    schema: -(2 ** 31),
    zeroCount: 2 ** 64,
    negativeDelta: integers,
    positiveDelta: [-(2 ** 63), 2 ** 63],
    positiveCount: [1.5, -1e300],
    negativeSpan: [{ offset: -2, length: 2 ** 32 - 1 }],
  };
  const decoded = api.decodeType(type, api.encodeType(type, value));
  assert.deepEqual({ ...decoded, ...value }, decoded);
  assert.ok(Object.is(decoded['zeroThreshold'], -0));
});

test('a message may outgrow the first buffer at any of its fields', () => {
  const type = api.types.message('io.prometheus.client.Histogram');
  for (let length = 440; length < 540; length++) {
    const value = {
      sampleCount: 300,
      sampleSum: 0.5,
      zeroThreshold: -1.5,
      schema: -1,
      negativeDelta: [-1, 300],
      positiveCount: [1.5],
      exemplars: [{ label: [{ name: 'n', value: 'x'.repeat(length) }], value: 2 }],
    };
    const decoded = api.decodeType(type, api.encodeType(type, value));
    assert.deepEqual({ ...decoded, ...value, exemplars: decoded['exemplars'] }, decoded);
    assert.match(JSON.stringify(decoded['exemplars']), new RegExp(`"x{${length}}".*"value":2`));
  }
  const floats = api.types.message('envoy.config.core.v3.RuntimeDouble');
  const key = 'k'.repeat(495);
  assert.deepEqual(api.decodeType(floats, api.encodeType(floats, { defaultValue: 2, runtimeKey: key })), {
    defaultValue: 2,
    runtimeKey: key,
  });
});

test('unknown fields are passed over and reported with their path', () => {
  const unknownNumber = [0x98, 0x75, 7]; // field 1875, a number
  const unknownGroup = [0x93, 0x75, 0x08, 1, 0x94, 0x75]; // field 1874, a group that holds a number
  const unknownFields: string[] = [];
  const decoded = api.decode(
    cluster,
    wire(...unknownNumber, ...unknownGroup, 0x0a, 1, 'a', 0x22, 3, ...unknownNumber),
    unknownFields,
  );
  assert.equal(decoded.name, 'a');
  assert.deepEqual(unknownFields, ['#1875', '#1874', 'connect_timeout.#1875']);
  // A known field in another wire type is none of ours either.
  api.decode(cluster, wire(0x08, 1), unknownFields);
  assert.equal(unknownFields[3], '#1');
});

test('lists may be packed or not, whatever the API says', () => {
  const name = 'envoy.config.route.v3.RetryPolicy';
  assert.deepEqual(api.decode(name, wire(0x3a, 3, 1, 0xac, 2)).retriableStatusCodes, [1, 300]);
  assert.deepEqual(api.decode(name, wire(0x38, 1, 0x3a, 1, 2, 0x38, 3)).retriableStatusCodes, [1, 2, 3]);
});

test('a later value wins, messages are merged, a later member of a oneof removes the earlier', () => {
  const twice = Buffer.concat([
    api.encode(cluster, { name: 'a', connectTimeout: { seconds: 1 }, type: 'EDS', dnsResolvers: [{}] }),
    api.encode(cluster, {
      name: 'b',
      connectTimeout: { nanos: 2 },
      clusterType: { name: 'c' },
      dnsResolvers: [{}],
    }),
  ]);
  const decoded = api.decode(cluster, twice);
  assert.equal(decoded.name, 'b');
  assert.deepEqual(decoded.connectTimeout, { seconds: 1, nanos: 2 });
  assert.equal(decoded.dnsResolvers.length, 2);
  assert.equal(decoded.type, undefined);
  assert.equal(decoded.clusterType?.name, 'c');
});

test('an enum number without a name stays a number, and is written again', () => {
  const decoded = api.decode(cluster, wire(0x30, 99)) as Cluster & { lbPolicy: unknown };
  assert.equal(decoded.lbPolicy, 99);
  assert.deepEqual(api.encode(cluster, decoded), wire(0x30, 99));
});

test('bytes that are no message are refused, with the place', () => {
  assert.deepEqual(
    problemsOf(() => api.decode(cluster, wire(0x0a, 5, 'a'))),
    [': not a envoy.config.cluster.v3.Cluster: the message is cut off at byte 2'],
  );
  assert.match(
    problemsOf(() => api.decode(cluster, wire(0x0a, 1, 0xff)))[0]!,
    /a string is not UTF-8 at byte 2/,
  );
  assert.match(
    problemsOf(() => api.decode(cluster, wire(0x22, 2, 0x08, 0x80)))[0]!,
    /^connect_timeout: .*cut off/,
  );
  assert.match(
    problemsOf(() => api.decode(cluster, wire(0x22, 1, 0x08, 0x01)))[0]!,
    /^connect_timeout: .*past the end/,
  );
  assert.match(problemsOf(() => api.decode(cluster, wire(0x00)))[0]!, /number 0/);
  assert.match(problemsOf(() => api.decode(cluster, wire(0x0f)))[0]!, /wire type 7/);
  const groups = Buffer.alloc(1000, 0x93).map((byte, index) => (index % 2 === 0 ? byte : 0x75));
  assert.match(problemsOf(() => api.decode(cluster, groups))[0]!, /groups are nested too deeply/);
});

test('messages that nest without end are refused, not the end of the process', () => {
  const type = api.types.message('google.protobuf.Value');
  let bytes = wire(0x20, 1);
  for (let depth = 0; depth < 5000; depth++) {
    const length = bytes.length;
    const varint =
      length < 128
        ? [length]
        : length < 16384
          ? [(length & 127) | 128, length >> 7]
          : [(length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14];
    bytes = Buffer.concat([Buffer.from([depth % 2 === 0 ? 0x0a : 0x32, ...varint]), bytes]);
  }
  assert.match(problemsOf(() => api.decodeType(type, bytes))[0]!, /nested too deeply/);
});

test('random bytes give a message or an InvalidInputError', () => {
  const rng = createSeededRng(7);
  const valid = api.encode(cluster, {
    name: 'abc',
    connectTimeout: { seconds: 5 },
    metadata: { filterMetadata: { a: { b: [1, 'x'] } } },
    loadAssignment: { clusterName: 'x', endpoints: [{ lbEndpoints: [{ endpointName: 'y' }], priority: 3 }] },
  });
  for (let round = 0; round < 5000; round++) {
    const bytes = Buffer.from(valid);
    for (let i = 0; i <= randomInteger(rng, 4); i++)
      bytes[randomInteger(rng, bytes.length)] = randomInteger(rng, 256);
    try {
      const decoded = api.decode(cluster, bytes.subarray(0, randomInteger(rng, bytes.length + 1)));
      // What could be decoded can be encoded, and then stays as it is.
      assert.deepEqual(api.decode(cluster, api.encode(cluster, decoded)), decoded);
    } catch (thrown) {
      assert.ok(thrown instanceof InvalidInputError, String(thrown));
    }
  }
});

test('values that are no such message are refused, with the path', () => {
  const encode = (value: object) => problemsOf(() => api.encode(cluster, value));
  assert.deepEqual(encode({ nme: 'a' }), [
    'nme: is not a field of envoy.config.cluster.v3.Cluster (in envoy.config.cluster.v3.Cluster)',
  ]);
  assert.match(
    encode({ healthChecks: [{}, { timeout: { seconds: 1.5 } }] })[0]!,
    /^healthChecks\[1\]\.timeout\.seconds: is 1\.5/,
  );
  assert.match(encode({ lbPolicy: 'NOPE' })[0]!, /^lbPolicy: is "NOPE"/);
  assert.match(encode({ name: 5 })[0]!, /^name: is not a string/);
  assert.match(encode({ healthChecks: {} })[0]!, /^healthChecks: is not a list/);
  assert.match(encode({ perConnectionBufferLimitBytes: -1 })[0]!, /from 0 to 4294967295/);
  assert.match(encode({ type: 'EDS', clusterType: {} })[0]!, /type and clusterType are set/);
  assert.match(encode({ metadata: { filterMetadata: [] } })[0]!, /^metadata\.filterMetadata: is not a map/);
  assert.deepEqual(api.encode(cluster, { name: undefined }), Buffer.alloc(0));
});

test('decoding does not share what it hands out', () => {
  const bytes = api.encode(cluster, { dnsResolvers: [{}] });
  const first = api.decode(cluster, bytes);
  (first.dnsResolvers as unknown[]).push('mine');
  assert.deepEqual(api.decode(cluster, bytes).dnsResolvers, [{}]);
  assert.throws(() => (first.healthChecks as unknown[]).push('mine'), TypeError);
});
