import { exchange, get, RawClient } from '../../src/router/testing/raw-client.ts';
import { until } from '../../src/upstream/testing/upstream-server.ts';
import { startBehavingUpstream } from './behaving-upstream.ts';
import { cluster, listener, manager, route, type Json } from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';

const request = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n${more}\r\n`;
const routes = [
  route('c', { cluster: 'c' }),
  { match: { prefix: '/redirect' }, redirect: { path_redirect: '/elsewhere' } },
  { match: { prefix: '/direct' }, direct_response: { status: 200 } },
  { match: { prefix: '/' }, route: { cluster_header: 'x-cluster' } },
];

/** One for each kind of limit, so that none hides another. */
const managers: Readonly<Record<string, Json>> = {
  plain: {},
  heads: { request_headers_timeout: '0.1s' },
  whole: { request_timeout: '0.1s' },
  pauses: { stream_idle_timeout: '0.1s' },
  idle: { common_http_protocol_options: { idle_timeout: '0.1s' } },
  old: { common_http_protocol_options: { max_connection_duration: '0.1s' } },
  long: { common_http_protocol_options: { max_stream_duration: '0.1s' } },
  few: { common_http_protocol_options: { max_requests_per_connection: 1 } },
  unclosed: { delayed_close_timeout: '0.1s' },
  slashes: { normalize_path: true, path_with_escaped_slashes_action: 'REJECT_REQUEST' },
  moved: { normalize_path: true, path_with_escaped_slashes_action: 'UNESCAPE_AND_REDIRECT' },
};

const ofManager = 'http.<stat_prefix>.';

/** Clients that are slow, wrong, in a hurry, or gone. */
export async function runDownstreamScenario(movements: Movements): Promise<void> {
  const upstream = await startBehavingUpstream();
  const listeners = Object.entries(managers).map(([name, fields]) =>
    listener(name, manager(name, routes, fields)),
  );
  const elsewhere = { filter_chain_match: { destination_port: 1 } };
  const sidecar = await startSidecarProcess({
    static_resources: {
      clusters: [cluster('c', [upstream.port])],
      listeners: [
        ...listeners,
        {
          ...listener('chains', {}),
          filter_chains: [{ ...chainOf(manager('chains', routes)), ...elsewhere }],
        },
      ],
    },
  });
  const run = new ScenarioRun(sidecar, movements);
  const clients: RawClient[] = [];
  const open = async (name: string, text: string): Promise<RawClient> => {
    const client = await RawClient.open(await sidecar.portOf(name));
    clients.push(client);
    client.send(text);
    return client;
  };
  try {
    const plain = await sidecar.portOf('plain');
    await get(plain, '/redirect');
    await get(plain, '/direct');
    await get(plain, '/nowhere', 'x-cluster: unknown');
    await exchange(plain, 'OPTIONS * HTTP/1.1\nhost: a');
    await exchange(plain, `GET / HTTP/1.1\nhost: a\nx: ${'x'.repeat(70_000)}`);
    await open('plain', request('/c/status/200', 'connection: upgrade\r\nupgrade: test\r\n'));
    await open('plain', 'POST /direct HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n');
    await open('plain', request('/c/half'));
    await get(await sidecar.portOf('slashes'), '/a%2Fb');
    await get(await sidecar.portOf('moved'), '/a%2Fb');

    await open('heads', 'GET / HTTP/1.1\r\n');
    await open('whole', 'POST /c/hold HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n');
    await open('pauses', request('/c/hold'));
    await open('idle', request('/direct'));
    await open('old', request('/direct'));
    await open('long', request('/c/hold'));
    await open('few', request('/direct'));
    await open('unclosed', 'this is no HTTP\r\n\r\n');
    await open('chains', request('/'));

    const leaving = await open('plain', request('/c/hold/leaving'));
    await until(() => upstream.seen.includes('/hold/leaving'));
    // A client that only ends its side would still be served.
    leaving.socket.resetAndDestroy();

    const unread = await open('plain', request('/c/big'));
    unread.socket.pause();
    await run.untilMoved('cluster.<cluster>.', 'upstream_flow_control_paused_reading_total');
    unread.socket.resume();
    const sending = await open(
      'plain',
      'POST /c/deaf HTTP/1.1\r\nhost: a\r\ncontent-length: 33554432\r\n\r\n',
    );
    sending.socket.write(Buffer.alloc(32 * 1024 * 1024));
    await run.untilMoved(ofManager, 'downstream_flow_control_paused_reading_total');
    await get(plain, '/c/hear');

    await run.untilMoved(
      ofManager,
      'downstream_rq_active',
      'downstream_rq_header_timeout',
      'downstream_rq_timeout',
      'downstream_rq_idle_timeout',
      'downstream_rq_max_duration_reached',
      'downstream_cx_idle_timeout',
      'downstream_cx_max_duration_reached',
      'downstream_cx_max_requests_reached',
      'downstream_cx_delayed_close_timeout',
      'downstream_cx_destroy_remote_active_rq',
      'downstream_flow_control_resumed_reading_total',
      'rq_reset_after_downstream_response_started',
    );
    await run.untilMoved(
      'cluster.<cluster>.',
      'upstream_flow_control_resumed_reading_total',
      'upstream_flow_control_drained_total',
    );
  } finally {
    for (const client of clients) client.close();
    await sidecar.stop();
    await upstream.close();
  }
}

function chainOf(config: Json): Json {
  return { filters: [{ name: 'manager', typed_config: config }] };
}
