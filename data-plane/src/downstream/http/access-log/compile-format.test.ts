import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import { HeaderMap } from '../../../codec/header-map.ts';
import { rememberAttempt, StreamInfoRecord } from '../stream-info-record.ts';
import { refusedOperators } from './absent-operators.ts';
import { compileFormat } from './compile-format.ts';
import type { FormatContext } from './format-operator.ts';
import { compileLogLine, defaultLogFormat } from './log-line.ts';
import { compileLogFilter } from './access-log-filter.ts';
import { compileTimeFormat } from './time-format.ts';

function context(): FormatContext {
  const streamInfo = new StreamInfoRecord({
    startedAt: Date.UTC(2025, 0, 2, 3, 4, 5, 67),
    startedAtMs: 1000,
    protocol: 'HTTP/1.1',
    connectionId: 7,
    streamId: 9,
    downstreamDirectAddress: { address: '10.0.0.9', port: 4000 },
    downstreamLocalAddress: { address: '::1', port: 80 },
    randomValue: 250_000,
    filterChainName: '',
  });
  streamInfo.requestReceivedMs = 1001.5;
  streamInfo.firstUpstreamByteMs = 1010.9;
  streamInfo.endedMs = 1025.2;
  streamInfo.responseStatus = 503;
  streamInfo.responseDetails = 'via_upstream';
  streamInfo.flags = ['URX', 'UF'];
  streamInfo.bytesReceived = 3;
  streamInfo.bytesSent = 5;
  streamInfo.upstreamHost = { address: '10.0.0.8', port: 80 };
  streamInfo.upstreamHostname = 'b.test:80';
  rememberAttempt(streamInfo);
  streamInfo.upstreamHost = { address: '10.0.0.1', port: 8080 };
  streamInfo.upstreamHostname = '';
  streamInfo.upstreamConnectionId = 77;
  streamInfo.earlierConnectionIds = [7];
  streamInfo.attemptStartedMs = 1003;
  streamInfo.poolReadyMs = 1005.5;
  streamInfo.upstreamClusterMetadata = { n: { text: 'street', deep: { number: 3 } } };
  return {
    streamInfo,
    requestHeaders: HeaderMap.of({
      ':method': 'GET',
      ':path': '/new?q=1&r',
      ':authority': 'a.test',
      'x-envoy-original-path': '/old?q=1',
      'user-agent': 'curl',
      'content-type': 'application/grpc',
    }),
    responseHeaders: HeaderMap.of({ ':status': '503', 'grpc-status': '14' }),
    responseTrailers: undefined,
  };
}

test('operators', () => {
  const offset = -new Date(context().streamInfo.startedAt).getTimezoneOffset();
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  const zone = `${offset < 0 ? '-' : '+'}${String(hours * 100 + minutes).padStart(4, '0')}`;
  const rows: [format: string, expected: string][] = [
    ['plain %% text', 'plain % text'],
    ['%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%', 'GET /old?q=1'],
    ['%REQ(X-NONE?USER-AGENT)%', 'curl'],
    ['%REQ(host)%', 'a.test'],
    ['%REQ(USER-AGENT):2%|%REQ(USER-AGENT):0%', 'cu|'],
    ['[%REQ(x-none)%] %RESP(:status)% %TRAILER(x)%', '[-] 503 -'],
    ['%START_TIME%', '2025-01-02T03:04:05.067Z'],
    ['%START_TIME(%s.%3f %Y/%m/%d %H:%M:%S %b %a %j)%', '1735787045.067 2025/01/02 03:04:05 Jan Thu 002'],
    ['%RESPONSE_CODE% %RESPONSE_CODE_DETAILS%', '503 via_upstream'],
    ['%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%', 'URX,UF UpstreamRetryLimitExceeded,UpstreamConnectionFailure'],
    ['%BYTES_RECEIVED% %BYTES_SENT%', '3 5'],
    ['%DURATION% %REQUEST_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%', '25 1 10 14'],
    ['%COMMON_DURATION(DS_RX_BEG:US_RX_BEG:us)%', '10899'],
    ['%UPSTREAM_HOST% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_PORT%', '10.0.0.1:8080 [::1]:80 80'],
    ['%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS_NUMBER%', 'Unavailable UNAVAILABLE 14'],
    ['%PATH(NQ)% %PATH(WQ:PATH)% %QUERY_PARAM(q)% %QUERY_PARAM(r)%', '/old /new?q=1&r 1 '],
    ['%DYNAMIC_METADATA(a:b)% %DOWNSTREAM_TLS_VERSION% %REQUESTED_SERVER_NAME%', '- - -'],
    ['%PROTOCOL()%', 'HTTP/1.1'],
    ['%REQUEST_HEADERS_BYTES% %RESPONSE_HEADERS_BYTES% %RESPONSE_TRAILERS_BYTES%', '112 23 0'],
    ['%START_TIME_LOCAL(%s %f%%%z)% %EMIT_TIME_LOCAL(%3s)%', `1735787045 067000000%${zone} 1735787045092`],
    ['%UPSTREAM_CONNECTION_ID% %UPSTREAM_HOSTS_ATTEMPTED%', '77 10.0.0.8:80,10.0.0.1:8080'],
    ['%UPSTREAM_HOST_NAMES_ATTEMPTED%', 'b.test:80,10.0.0.1:8080'],
    [
      '%UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT% %UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT%',
      '10.0.0.8,10.0.0.1 b.test,10.0.0.1',
    ],
    [
      '%CLUSTER_METADATA(n:text)% %CLUSTER_METADATA(n:deep:number)% %CLUSTER_METADATA(n:deep)%',
      'street 3 {"number":3}',
    ],
    ['%CLUSTER_METADATA(n:text:none)% %CLUSTER_METADATA(m)%', '- -'],
    ['%DOWNSTREAM_DIRECT_LOCAL_ADDRESS% %CUSTOM_FLAGS% %ROUNDTRIP_DURATION%', '[::1]:80  -'],
    ['%REQUEST_HEADER(user-agent)% %RESPONSE_HEADER(:status)% %RESPONSE_TRAILER(x)%', 'curl 503 -'],
    ['%QUERY_PARAMS% %QUERY_PARAMS(DECODED)%', 'q=1&r q=1&r'],
    ['%METADATA(CLUSTER:n:text)% %METADATA(DYNAMIC:n)%', 'street -'],
    ['%COALESCE({"operators":["TRACE_ID",{"command":"REQ","param":":authority","max_length":3}]})%', 'a.t'],
    [
      '%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(4)% %DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT(127)%',
      '0.0.0.0/4 ::/127',
    ],
    ['%UPSTREAM_CONNECTION_IDS_ATTEMPTED% %UPSTREAM_CONNECTION_POOL_READY_DURATION%', '7,77 2'],
    ['%%REQ(x)%%', '%REQ(x)%'],
  ];
  for (const [format, expected] of rows) {
    assert.equal(compileFormat(format).format(context(), '-'), expected, format);
  }
});

test('every mistake of a format is reported with its position', () => {
  assert.throws(
    () => compileFormat('%NOPE% %REQ()% 100% %START_TIME(%Q)%'),
    (err: unknown) => {
      assert.ok(err instanceof InvalidInputError);
      assert.deepEqual(
        err.problems.map(({ message }) => message),
        [
          'unknown operator %NOPE% at position 0',
          '%REQ%: needs a header name at position 7',
          'a lone % at position 18: write %% for the character',
          '%START_TIME%: unknown conversion in the time format "%Q" at position 20',
        ],
      );
      return true;
    },
  );
});

test('what is refused says why, and docs/access-logs.md says the same', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../../docs/access-logs.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Z0-9_]+)`\s*\| (.*?)\s*\|$/gm)].map(([, name, reason]) => [
    name,
    reason,
  ]);
  assert.deepEqual(Object.fromEntries(rows), refusedOperators);
  assert.throws(() => compileFormat('%CEL(1)%'), /%CEL%: is not there: expressions in CEL/);
});

test('the default line', () => {
  assert.equal(
    compileLogLine({ kind: 'text', format: '' }, false)(context()),
    '[2025-01-02T03:04:05.067Z] "GET /old?q=1 HTTP/1.1" 503 URX,UF 3 5 25 - "-" "curl" "-" "a.test" "10.0.0.1:8080"\n',
  );
  assert.ok(defaultLogFormat.endsWith('\n'));
});

test('text beyond ASCII stays what it is, whether it comes from the format or from a header', () => {
  const { streamInfo } = context();
  streamInfo.upstreamCluster = 'straße';
  const requestHeaders = HeaderMap.of({ 'x-a': Buffer.from('ü').toString('latin1') });
  const line = compileLogLine({ kind: 'text', format: 'é %UPSTREAM_CLUSTER% %REQ(x-a)%' }, false);
  const whole = { streamInfo, requestHeaders, responseHeaders: undefined, responseTrailers: undefined };
  assert.equal(line(whole), 'é straße ü');
});

test('JSON lines keep numbers, nest, and omit what is empty', () => {
  const format = {
    code: '%RESPONSE_CODE%',
    mixed: 'a %REQ(x-none)%',
    none: '%REQ(x-none)%',
    fixed: 7,
    deep: { none: '%REQ(x-none)%' },
  };
  assert.equal(
    compileLogLine({ kind: 'json', format }, false)(context()),
    '{"code":503,"deep":{"none":null},"fixed":7,"mixed":"a -","none":null}\n',
  );
  assert.equal(
    compileLogLine({ kind: 'json', format }, true)(context()),
    '{"code":503,"fixed":7,"mixed":"a "}\n',
  );
  assert.throws(
    () => compileLogLine({ kind: 'json', format: { a: { b: '%X%' } } }, false),
    /a\.b: unknown operator/,
  );
});

test('filters', () => {
  const matches = (filter: Parameters<typeof compileLogFilter>[0]) => compileLogFilter(filter)(context());
  assert.ok(matches(undefined));
  assert.ok(matches({ kind: 'status-code', op: 'ge', value: 500 }));
  assert.ok(!matches({ kind: 'status-code', op: 'eq', value: 500 }));
  assert.ok(matches({ kind: 'duration', op: 'le', value: 25 }));
  assert.ok(matches({ kind: 'not-health-check' }));
  assert.ok(matches({ kind: 'runtime', fraction: { perMillion: 250_001 } }));
  assert.ok(!matches({ kind: 'runtime', fraction: { perMillion: 250_000 } }));
  assert.ok(matches({ kind: 'response-flag', flags: [] }));
  assert.ok(!matches({ kind: 'response-flag', flags: ['NR'] }));
  const two = [{ kind: 'not-health-check' }, { kind: 'response-flag', flags: ['NR'] }] as const;
  assert.ok(!matches({ kind: 'and', filters: two }));
  assert.ok(matches({ kind: 'or', filters: two }));
});

test('the status of a call: from trailers, else the head, else the status of HTTP', () => {
  const operators =
    '%GRPC_STATUS% %GRPC_STATUS(CAMEL_STRING)% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS(NUMBER)% %GRPC_STATUS_NUMBER%';
  const compiled = compileFormat(operators);
  const isLogged = (status: number, entry: FormatContext) =>
    [false, true].map((isExcluding) =>
      compileLogFilter({ kind: 'grpc-status', statuses: [status], isExcluding })(entry),
    );
  const rows: readonly (readonly [Partial<FormatContext>, number, string, number?])[] = [
    [{ responseTrailers: HeaderMap.of({ 'grpc-status': '5' }) }, 503, 'NotFound NotFound NOT_FOUND 5 5', 5],
    [{}, 200, 'Unavailable Unavailable UNAVAILABLE 14 14', 14],
    [
      { responseTrailers: HeaderMap.of({ 'grpc-status': '' }) },
      200,
      'Unavailable Unavailable UNAVAILABLE 14 14',
      14,
    ],
    [{ responseHeaders: HeaderMap.of({ 'grpc-status': 'x' }) }, 200, '-1 -1 -1 -1 -1'],
    [{ responseHeaders: HeaderMap.of({ 'grpc-status': '99' }) }, 200, '99 99 99 99 99'],
    [{ responseHeaders: undefined }, 404, 'Unimplemented Unimplemented UNIMPLEMENTED 12 12', 12],
    [{ responseHeaders: undefined }, 200, 'Unknown Unknown UNKNOWN 2 2', 2],
    [{ responseHeaders: undefined }, 0, '- - - - -', 2],
    [{ requestHeaders: HeaderMap.of({ 'content-type': 'application/grpc-web' }) }, 200, '- - - - -', 14],
  ];
  for (const [fields, httpStatus, expected, status] of rows) {
    const entry = { ...context(), ...fields };
    entry.streamInfo.responseStatus = httpStatus;
    assert.equal(compiled.format(entry, '-'), expected);
    if (status !== undefined) assert.deepEqual(isLogged(status, entry), [true, false], expected);
    assert.deepEqual(isLogged(16, entry), [false, true], expected);
  }
});

test('fractions of a second', () => {
  const at = Date.UTC(2025, 11, 31, 23, 59, 59, 7);
  assert.equal(
    compileTimeFormat('%f %1f %E3S %E0S %3s %F %T %y %e %p')?.(at),
    '007000000 0 59.007 59 1767225599007 2025-12-31 23:59:59 25 31 PM',
  );
  assert.equal(compileTimeFormat('%'), undefined);
});
