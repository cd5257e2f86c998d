import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeYaml, problemsOfYaml, resourceTypes } from './testing/decode-yaml.ts';

const optionsType = 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const tlsType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
const tls = { transport_socket: { name: 'tls', typed_config: { '@type': tlsType } } };

function clusterOf(options: object, fields: object = {}): string {
  const extension = { '@type': optionsType, ...options };
  return JSON.stringify({ name: 'c', typed_extension_protocol_options: { http: extension }, ...fields });
}

function decode(options: object, fields: object = {}) {
  return decodeYaml(resourceTypes.cluster, clusterOf(options, fields)).http;
}

test('the protocol is given, follows the client, or is what the server chooses', () => {
  const http1 = { http_protocol_options: {} };
  const http2 = { http2_protocol_options: { max_concurrent_streams: 7 } };
  for (const [options, protocol, maxConcurrentStreams] of [
    [{ explicit_http_config: http1 }, 'http1', 'no HTTP/2'],
    [{ explicit_http_config: http2 }, 'http2', 7],
    [{ use_downstream_protocol_config: http1 }, 'downstream', 'no HTTP/2'],
    [{ use_downstream_protocol_config: http2 }, 'downstream', 7],
    // As in Envoy: whatever it says, both are offered.
    [{ auto_config: {} }, 'auto', undefined],
    [{ auto_config: { ...http1, ...http2 } }, 'auto', 7],
  ] as const) {
    const http = decode(options, tls);
    assert.deepEqual(
      [http.protocol, http.http2 === undefined ? 'no HTTP/2' : http.http2.maxConcurrentStreams],
      [protocol, maxConcurrentStreams],
      JSON.stringify(options),
    );
  }
});

test('auto_config has what it says of HTTP/1.1 read, and its fields refused by path', () => {
  const config = { http_protocol_options: { enable_trailers: true } };
  assert.equal(decode({ auto_config: config }, tls).enableTrailers, true);
  const refused = { http_protocol_options: { accept_http_10: true } };
  assert.match(
    problemsOfYaml(resourceTypes.cluster, clusterOf({ auto_config: refused }, tls)).join('\n'),
    /^typed_extension_protocol_options\["http"\]\.auto_config\.http_protocol_options\.accept_http_10: /,
  );
});

test('auto_config without TLS is refused: nobody could choose', () => {
  assert.deepEqual(problemsOfYaml(resourceTypes.cluster, clusterOf({ auto_config: {} })), [
    'typed_extension_protocol_options: auto_config needs a TLS transport socket: the server chooses by ALPN',
  ]);
});

test('a gRPC health check needs HTTP/2, which auto_config has', () => {
  const check = { timeout: '1s', interval: '1s', unhealthy_threshold: 1, healthy_threshold: 1 };
  const checked = { health_checks: [{ ...check, grpc_health_check: {} }], ...tls };
  const problems = (options: object) => problemsOfYaml(resourceTypes.cluster, clusterOf(options, checked));
  assert.deepEqual(problems({ auto_config: {} }), []);
  assert.match(
    problems({ explicit_http_config: { http_protocol_options: {} } }).join(),
    /grpc_health_check: needs http2/,
  );
});
