import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request, type OutgoingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { startBoth } from './beside-envoy.ts';
import { cluster, manager, route, type Json } from './statistics/bootstrap-parts.ts';

const envoy = usePeer('envoy');
const fileLog = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog';

const operators = [
  'UPSTREAM_DETECTED_CLOSE_TYPE',
  ...['by', 'Hash', 'CERT', 'chain', 'subject', 'URI', 'dns'].map((key) => `XFCC_VALUE(${key})`),
  'XFCC_VALUE(URI):3',
  'COALESCE({"operators":[{"command":"XFCC_VALUE","param":"URI","max_length":3},"PROTOCOL"]})',
  'REQ(x-forwarded-client-cert)',
  ...['ROUTE', 'VIRTUAL_HOST', 'CLUSTER'].flatMap((type) =>
    [
      'n:text',
      'n:number',
      'n:whole',
      'n:yes',
      'n:none',
      'n:list',
      'n:deep',
      'n:deep:text',
      'n:text:x',
      'm',
      'x',
      'empty',
      'n:x',
    ].map((keys) => `METADATA(${type}:${keys})`),
  ),
  'METADATA(ROUTE:n:text):2',
  'METADATA(ROUTE:n:deep):5',
  'CLUSTER_METADATA(m)',
];

const metadataOf = (only: string): Json => ({
  filter_metadata: {
    n: {
      ...{ text: 'straße "a"', number: 1.5, whole: 7, yes: true, none: null },
      list: [1, 'two', { three: 3 }],
      deep: { text: 'x', b: 1.5, a: 'é', c: null },
    },
    m: { only },
    empty: {},
  },
});

const inJson = Object.fromEntries(operators.map((operator) => [operator, `%${operator}%`]));
const inText = `${operators.map((operator) => `%${operator}%`).join('\t')}\n`;

interface Visit {
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** Fields that the routes make `x-forwarded-client-cert` of: what a client sends of it is not believed. */
const certificates = [
  'By=spiffe://a;Hash=12;Subject="CN=a,O=\\"b;c\\"";URI=spiffe://one;DNS=a.test;DNS=b.test',
  'By=x,URI=second;uri=third',
  'URI="quoted";By="a\\\\b"',
  'URI=;By=""',
  'URI="open',
  'URI="open,By=x',
  ' URI = spaced ; By= y , Hash=z',
  'URI',
  'URI=a=b;=c;;By=d',
  'Chain="a,b;c",Cert="d%20e"',
  'URI=a"b;c"d',
  'URI="a"b',
  'By=no;Unknown=k',
  'URI=a\\"b;By="x\\\\";Hash=h',
  'bad;URI=later',
  'bad,URI=later',
  ',URI=later',
  '"URI"=q',
  '"',
  'URI=x,By="open',
  'URI=x;By="open',
  'URI= "q" ;By=\\x\\',
];

const visits: readonly Visit[] = [
  ...['/up/ok', '/up/reset', '/up/end', '/up/half', '/up/half-end', '/gone/', '/empty/', '/direct'].map(
    (path) => ({
      path,
    }),
  ),
  { path: '/up/ok', headers: { 'x-forwarded-client-cert': 'URI=forged' } },
  ...certificates.map((value) => ({ path: '/up/ok', headers: { 'x-certificate': value } })),
];

const portOf = (listenerFields: Json): number =>
  (listenerFields['address'] as { socket_address: { port_value: number } }).socket_address.port_value;

function tcpProxy(path: string): Json {
  const format = { text_format_source: { inline_string: '%UPSTREAM_DETECTED_CLOSE_TYPE%\n' } };
  const access_log = [{ name: 'f', typed_config: { '@type': fileLog, path, log_format: format } }];
  const type = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
  return { name: 't', typed_config: { '@type': type, stat_prefix: 't', cluster: 'up', access_log } };
}

function buildResources(listenerFields: Json, upstreamPort: number, folder: string): Json {
  const port = portOf(listenerFields);
  const log = (name: string, format: Json): Json => ({
    name,
    typed_config: {
      '@type': fileLog,
      path: join(folder, `${port}.${name}`),
      log_format: format,
    },
  });
  const forwarded = {
    header: { key: 'x-forwarded-client-cert', value: '%REQ(x-certificate)%' },
  };
  const routes = [
    { ...route('up', { cluster: 'up' }), request_headers_to_add: [forwarded], metadata: metadataOf('route') },
    route('gone', { cluster: 'gone' }),
    route('empty', { cluster: 'empty' }),
    { match: { path: '/direct' }, direct_response: { status: 204 }, metadata: metadataOf('direct') },
  ];
  const access_log = [
    log('json', { json_format: inJson }),
    log('text', { text_format_source: { inline_string: inText } }),
  ];
  const route_config = {
    virtual_hosts: [{ name: 'v', domains: ['*'], routes, metadata: metadataOf('host') }],
  };
  return {
    listeners: [
      {
        name: 'l',
        ...listenerFields,
        filter_chains: [
          { filters: [{ name: 'm', typed_config: manager('m', [], { route_config, access_log }) }] },
        ],
      },
    ],
    clusters: [
      cluster('up', [upstreamPort], { metadata: metadataOf('cluster') }),
      cluster('gone', [1]),
      cluster('empty', []),
    ],
  };
}

/** Answers, or breaks off in one of four ways. */
async function startUpstream(t: TestContext): Promise<number> {
  const upstream: Server = createServer((incoming, answer) => {
    const { socket } = incoming;
    const isHalf = incoming.url?.startsWith('/half') === true;
    const breakOff = (): void => {
      if (incoming.url?.endsWith('end') === true) socket.destroy();
      else socket.resetAndDestroy();
    };
    if (incoming.url === '/ok') answer.end('hello');
    else if (isHalf) answer.writeHead(200, { 'content-length': 10 }).write('hello', breakOff);
    else breakOff();
  });
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    upstream.closeAllConnections();
    upstream.close();
  });
  return (upstream.address() as AddressInfo).port;
}

/** To the end, good or bad. */
function send(port: number, { path, headers = {} }: Visit): Promise<void> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path, headers, agent: false }, (answer) => {
      answer.on('error', () => undefined).on('close', resolve);
      answer.resume();
    });
    sent.on('error', () => resolve());
    sent.end();
  });
}

async function linesOf(path: string, count: number): Promise<string[]> {
  for (;;) {
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    if (lines.length >= count) return lines;
    await sleep(systemClock, 20);
  }
}

test('operators have the values of a real Envoy, in text and JSON', { skip: envoy.skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'log-operators-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const upstreamPort = await startUpstream(t);
  const { ours, theirs } = await startBoth(t, envoy.path, (fields) =>
    buildResources(fields, upstreamPort, folder),
  );
  for (const visit of visits) {
    await send(ours, visit);
    await send(theirs, visit);
  }
  for (const kind of ['json', 'text']) {
    const [own, expected] = [
      await linesOf(join(folder, `${ours}.${kind}`), visits.length),
      await linesOf(join(folder, `${theirs}.${kind}`), visits.length),
    ];
    for (const [index, { path, headers }] of visits.entries()) {
      assert.equal(own[index], expected[index], `${kind} ${path} ${JSON.stringify(headers)}`);
    }
  }
});

test('of connections too, whatever ended them', { skip: envoy.skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'log-operators-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const upstreamPort = await startUpstream(t);
  for (const port of [upstreamPort, 1]) {
    const { ours, theirs } = await startBoth(t, envoy.path, (fields) => ({
      listeners: [
        {
          name: 'l',
          ...fields,
          filter_chains: [{ filters: [tcpProxy(join(folder, `${portOf(fields)}`))] }],
        },
      ],
      clusters: [cluster('up', [port])],
    }));
    for (const path of ['/ok', '/reset', '/end', '/half']) {
      await send(ours, { path });
      await send(theirs, { path });
    }
    assert.deepEqual(await linesOf(join(folder, `${ours}`), 4), await linesOf(join(folder, `${theirs}`), 4));
  }
});
