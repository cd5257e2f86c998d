import { frame } from '../../src/downstream/testing/filter-run.ts';
import {
  cluster,
  fileLog,
  listener,
  manager,
  routeConfig,
  socketAddress,
  type Json,
} from '../statistics/bootstrap-parts.ts';

/** What a real Envoy and this sidecar are given alike, about gRPC. */
export interface Scene {
  /** The HTTP filter in front of the router; none for the router alone. */
  readonly filter?: Json;
  readonly requests: readonly SceneRequest[];
}

export interface SceneRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes in latin1. */
  readonly body?: string;
}

const extension = (name: string, type: string, fields: Json = {}): Json => ({
  name: `envoy.filters.http.${name}`,
  typed_config: {
    '@type': `type.googleapis.com/envoy.extensions.filters.http.${name}.v3.${type}`,
    ...fields,
  },
});
const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

const grpc = { 'content-type': 'application/grpc', te: 'trailers' };
const web = { 'content-type': 'application/grpc-web' };
const webText = { 'content-type': 'application/grpc-web-text', accept: 'application/grpc-web-text' };
const call = (path: string, headers: SceneRequest['headers'] = grpc, body = frame('hi')): SceneRequest => ({
  path,
  headers,
  body,
});

/** What the upstream does is in the method's name; see `answers.ts`. */
const methods = [
  'Unary',
  'Fail',
  'TrailersOnly',
  'Html',
  'Plain',
  'Stream',
  'Big',
  'Broken',
  'NoType',
  'Odd',
];
const everyMethod = (headers: SceneRequest['headers'], body = frame('hi')): SceneRequest[] =>
  ['pkg.Service', 'gone.Service', 'empty.Service', 'nowhere.Service'].flatMap((service) =>
    (service === 'pkg.Service' ? methods : ['Unary']).map((method) =>
      call(`/${service}/${method}`, headers, body),
    ),
  );
const counted = [
  ...everyMethod(grpc),
  call('/pkg.Service/Unary?x=1'),
  call('//pkg.Service//Unary/'),
  call('/pkg.Service/Unary/more'),
  call('/pkg.Service/Unary', grpc, frame('a') + frame('') + frame('b').slice(0, 2)),
  call('/pkg.Service/Unary', { 'content-type': 'text/plain' }),
  ...['Unary', 'Fail', 'Html', 'Plain', 'Empty'].map((method) =>
    call(`/pkg.Service/${method}`, { 'content-type': 'application/json', 'connect-protocol-version': '1' }),
  ),
  ...['ConnectOk', 'ConnectFail', 'ConnectCut', 'ConnectText', 'ConnectList', 'Empty', 'Html', 'Unary'].map(
    (method) =>
      call(
        `/pkg.Service/${method}`,
        { 'content-type': 'application/connect+proto' },
        frame('a') + frame('b'),
      ),
  ),
];

export const scenes: Readonly<Record<string, Scene>> = {
  stats: {
    filter: extension('grpc_stats', 'FilterConfig', { enable_upstream_stats: true }),
    requests: counted,
  },
  statsall: {
    filter: extension('grpc_stats', 'FilterConfig', {
      stats_for_all_methods: true,
      enable_upstream_stats: true,
    }),
    requests: counted,
  },
  statsdots: {
    filter: extension('grpc_stats', 'FilterConfig', {
      stats_for_all_methods: true,
      replace_dots_in_grpc_service_name: true,
    }),
    requests: counted,
  },
  statslist: {
    filter: extension('grpc_stats', 'FilterConfig', {
      individual_method_stats_allowlist: {
        services: [{ name: 'pkg.Service', method_names: ['Unary', 'Fail'] }],
      },
      replace_dots_in_grpc_service_name: true,
    }),
    requests: counted,
  },
  web: {
    filter: extension('grpc_web', 'GrpcWeb'),
    requests: [
      ...everyMethod(web),
      call('/pkg.Service/Unary', {
        'content-type': 'application/grpc-web+proto',
        'grpc-accept-encoding': 'br',
      }),
      call('/pkg.Service/Unary', { 'content-type': 'application/grpc-web-text+proto' }, base64(frame('x'))),
      call(
        '/pkg.Service/Unary',
        { ...webText, accept: 'application/grpc-web-text+proto' },
        base64(frame('xy')),
      ),
      call('/pkg.Service/Unary', { ...web, accept: 'application/grpc-web-text' }),
      call('/pkg.Service/Unary', { 'content-type': 'application/grpc-web+json' }),
      call('/pkg.Service/Unary', { 'content-type': 'Application/grpc-web' }),
      call('/pkg.Service/Unary', webText, 'AAA'),
      call('/pkg.Service/Unary', webText, 'AAA*'),
      call('/pkg.Service/Unary', webText, 'A==='),
      call('/pkg.Service/Unary', webText, ''),
      call('/pkg.Service/Unary?q', web),
      call('/a/b/c', web),
    ],
  },
  webtext: {
    filter: extension('grpc_web', 'GrpcWeb'),
    requests: everyMethod(webText, base64(frame('hello'))),
  },
  bridge: {
    filter: extension('grpc_http1_bridge', 'Config', {}),
    requests: [
      ...everyMethod(grpc),
      call('/pkg.Service/Unary?x=1'),
      call('/pkg.Service/Unary', { 'content-type': 'application/x-protobuf' }, 'hi'),
    ],
  },
  upgrading: {
    filter: extension('grpc_http1_bridge', 'Config', {
      upgrade_protobuf_to_grpc: true,
      ignore_query_parameters: true,
    }),
    requests: [
      ...everyMethod({ 'content-type': 'application/x-protobuf' }, 'message'),
      call('/pkg.Service/Unary?x=1', { 'content-type': 'application/x-protobuf' }, 'hi'),
      call('/pkg.Service/Unary?x=1', { 'content-type': 'text/plain' }, 'hi'),
      call('/pkg.Service/Unary?x=1'),
    ],
  },
  plain: {
    requests: [
      ...everyMethod(grpc),
      ...['5S', '7H', '7000M', '123456789S', '5', 'S', '-1S', '5s', '00000005S', '99999999H'].flatMap(
        (timeout) =>
          ['max', 'header', 'capped', 'offset', 'legacy', 'legacyoffset', 'unlimited'].map((service) =>
            call(`/${service}.Service/Unary`, { ...grpc, 'grpc-timeout': timeout }),
          ),
      ),
      // Not where they would be over before the answer is there.
      ...['0m', '99999999u'].flatMap((timeout) =>
        ['max', 'legacy', 'legacyoffset'].map((service) =>
          call(`/${service}.Service/Plain`, { ...grpc, 'grpc-timeout': timeout }),
        ),
      ),
      ...['max', 'header', 'capped', 'legacy', 'unlimited'].flatMap((service) => [
        call(`/${service}.Service/Unary`),
        call(`/${service}.Service/Unary`, { 'grpc-timeout': '3S' }),
      ]),
      call('/denied.Service/Unary'),
      call('/retried.Service/TrailersOnly'),
      call('/plain.Service/TrailersOnly', { ...grpc, 'x-envoy-retry-grpc-on': 'unavailable' }),
      call('/plain.Service/TrailersOnly', { ...grpc, 'x-envoy-retry-on': 'unavailable' }),
    ],
  },
};

/** Each scene has a cluster of its own, so that their statistics do not mix. */
const routesOf = (scene: string): Json[] => {
  const toCluster = (service: string, fields: Json = {}, name = scene): Json => ({
    match: { prefix: `/${service}` },
    route: { cluster: name, ...fields },
  });
  return [
    toCluster('empty.', {}, 'empty'),
    toCluster('gone.', {}, 'gone'),
    { match: { prefix: '/nowhere.' }, route: { cluster: 'none' } },
    {
      match: { prefix: '/denied.' },
      direct_response: { status: 403, body: { inline_string: 'no %~\n\u00e4' } },
    },
    toCluster('max.', { max_stream_duration: { max_stream_duration: '20s' } }),
    toCluster('header.', { max_stream_duration: { grpc_timeout_header_max: '0s' } }),
    toCluster('capped.', {
      max_stream_duration: { grpc_timeout_header_max: '10s', max_stream_duration: '30s' },
    }),
    toCluster('offset.', {
      max_stream_duration: { grpc_timeout_header_max: '10s', grpc_timeout_header_offset: '0.5s' },
    }),
    toCluster('legacyoffset.', { max_grpc_timeout: '10s', grpc_timeout_offset: '0.25s' }),
    toCluster('legacy.', { max_grpc_timeout: '10s' }),
    toCluster('unlimited.', { max_grpc_timeout: '0s' }),
    toCluster('retried.', { retry_policy: { retry_on: 'unavailable', num_retries: 2 } }),
    toCluster(''),
  ];
};

/** The last line of every log. */
export const lastRequest = call('/pkg.Service/Last');

/** Answers that differ on purpose: scene and method → why. */
const unstripped = 'Envoy cuts five bytes off answers that are no gRPC, too';
const incomplete = 'Envoy drops the message that its upstream did not finish';
export const deviations: Readonly<Record<string, string>> = {
  'upgrading Html': unstripped,
  'upgrading Plain': unstripped,
  'upgrading Big': unstripped,
  'upgrading Odd': unstripped,
  'webtext Broken': incomplete,
  'webtext Odd': incomplete,
};

const http1 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http_protocol_options: { enable_trailers: true } },
    },
  },
};
const logFormat =
  '%REQ(:PATH)% %REQ(CONTENT-TYPE)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %GRPC_STATUS% ' +
  '%GRPC_STATUS(CAMEL_STRING)% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS(NUMBER)% %GRPC_STATUS_NUMBER%\n';

const logOf = (path: string, filter?: Json): Json => {
  const log = fileLog(path);
  const config = log['typed_config'] as Json;
  return {
    ...log,
    ...(filter === undefined ? {} : { filter }),
    typed_config: { ...config, log_format: { text_format_source: { inline_string: logFormat } } },
  };
};

/** `ports`: of the listeners, in the order of the scenes. */
export function resourcesOf(
  ports: readonly number[],
  upstreamPort: number,
  gonePort: number,
  logs: string,
): Json {
  return {
    static_resources: {
      clusters: [
        ...Object.keys(scenes).map((name) => cluster(name, [upstreamPort], http1)),
        cluster('gone', [gonePort], http1),
        cluster('empty', [], http1),
      ],
      listeners: Object.entries(scenes).map(([name, { filter }], index) => {
        const router = manager(name, [])['http_filters'] as Json[];
        const fields = {
          http_filters: [...(filter === undefined ? [] : [filter]), ...router],
          http_protocol_options: { enable_trailers: true },
          access_log: [
            logOf(`${logs}-${name}.log`),
            logOf(`${logs}-${name}-some.log`, { grpc_status_filter: { statuses: ['OK', 'UNAVAILABLE'] } }),
            logOf(`${logs}-${name}-others.log`, {
              grpc_status_filter: { statuses: ['UNKNOWN', 'NOT_FOUND'], exclude: true },
            }),
          ],
          use_remote_address: true,
          internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] },
        };
        // One of them is a cluster that does not exist.
        const table = { ...routeConfig(name, routesOf(name)), validate_clusters: false };
        const named = manager(name, [], { ...fields, route_config: table });
        return listener(name, named, { address: socketAddress(ports[index] ?? 0) });
      }),
    },
  };
}
