import { cluster, fileLog, manager, socketAddress, type Json } from '../statistics/bootstrap-parts.ts';
import { exchanges } from './exchanges.ts';

export type HttpName = 'http1' | 'http2';

export const operators: readonly string[] = ['DOWNSTREAM', 'UPSTREAM'].flatMap((side) =>
  ['WIRE', 'HEADER', 'DECOMPRESSED_HEADER'].flatMap((kind) => [
    `${side}_${kind}_BYTES_RECEIVED`,
    `${side}_${kind}_BYTES_SENT`,
  ]),
);
const logFormat = `%RESPONSE_CODE% ${operators.map((name) => `%${name}%`).join(' ')}\n`;
const extensions = 'type.googleapis.com/envoy.extensions';

/** Times that something took have one digit or two. */
const quietRouter = {
  name: 'router',
  typed_config: { '@type': `${extensions}.filters.http.router.v3.Router`, suppress_envoy_headers: true },
};
/** They have to grow within a large message. */
const smallWindows = { initial_stream_window_size: 65_535, initial_connection_window_size: 65_535 };
/** A listener that takes both, whose log has a line of numbers for each request. */
export function buildResources(setup: {
  readonly port: number;
  readonly upstreamPort: number;
  readonly log: string;
  readonly upstreamHttp: HttpName;
  /** Of HTTP/1.1, on both sides. */
  readonly hasTrailers: boolean;
}): Json {
  const http1 = { enable_trailers: setup.hasTrailers };
  const retry = { retry_on: '5xx', num_retries: 1 };
  const paths = exchanges.map(({ path }) => path).filter((path) => !path.startsWith('/none'));
  const routes = [
    { match: { prefix: '/retry' }, route: { cluster: 'up', retry_policy: retry } },
    ...paths.map((path) => ({ match: { path }, route: { cluster: 'up' } })),
  ];
  const { typed_config, ...file } = fileLog(setup.log);
  const text = { text_format_source: { inline_string: logFormat } };
  const config = manager('m', routes, {
    access_log: [{ ...file, typed_config: { ...(typed_config as Json), log_format: text } }],
    http_protocol_options: http1,
    http2_protocol_options: smallWindows,
    http_filters: [quietRouter],
  });
  const options = {
    '@type': `${extensions}.upstreams.http.v3.HttpProtocolOptions`,
    explicit_http_config:
      setup.upstreamHttp === 'http1'
        ? { http_protocol_options: http1 }
        : { http2_protocol_options: smallWindows },
  };
  const filters = [{ name: 'm', typed_config: config }];
  return {
    listeners: [{ name: 'in', address: socketAddress(setup.port), filter_chains: [{ filters }] }],
    clusters: [
      cluster('up', [setup.upstreamPort], {
        connect_timeout: '5s',
        typed_extension_protocol_options: {
          'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': options,
        },
      }),
    ],
  };
}
