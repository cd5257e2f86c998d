import { test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import { decodeYaml, resourceTypes } from '../src/config/resources/testing/decode-yaml.ts';
import { startProxy } from '../src/router/testing/proxy.ts';
import { RawClient } from '../src/router/testing/raw-client.ts';
import { buildTable } from '../src/router/testing/route-fixtures.ts';
import { until } from '../src/upstream/testing/upstream-server.ts';
import { runEnvoy } from './statistics/envoy-process.ts';
import { isAccepting } from './statistics/sidecar-process.ts';

const envoy = usePeer('envoy');

const toC = { route: { cluster: 'c' } };
const preserving = {
  stateful_formatter: {
    name: 'preserve',
    typed_config: {
      '@type':
        'type.googleapis.com/envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig',
    },
  },
};

/** Connection managers by the name of their listener: fields, and routes before the one that takes everything. */
const managers: Readonly<Record<string, { readonly fields: object; readonly routes?: readonly object[] }>> = {
  plain: { fields: {} },
  http10: {
    fields: { http_protocol_options: { accept_http_10: true, default_host_for_http_10: 'default.test' } },
  },
  upgrading: {
    fields: {
      upgrade_configs: [
        { upgrade_type: 'websocket' },
        { upgrade_type: 'off', enabled: false },
        { upgrade_type: 'CONNECT' },
      ],
    },
    routes: [
      {
        match: { prefix: '/no' },
        route: { ...toC.route, upgrade_configs: [{ upgrade_type: 'websocket', enabled: false }] },
      },
      { match: { prefix: '/off' }, route: { ...toC.route, upgrade_configs: [{ upgrade_type: 'off' }] } },
      {
        match: { connect_matcher: {}, headers: [{ name: 'x-end', present_match: true }] },
        route: { ...toC.route, upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }] },
      },
      { match: { connect_matcher: {} }, ...toC },
    ],
  },
  limited: { fields: { common_http_protocol_options: { max_requests_per_connection: 2 } } },
  preserving: { fields: { http_protocol_options: { header_key_format: preserving } } },
  proper: { fields: { http_protocol_options: { header_key_format: { proper_case_words: {} } } } },
};

const host = 'host: a.test\r\n';
const upgrade = (path: string, type: string, connection = 'upgrade'): string =>
  `GET ${path} HTTP/1.1\r\n${host}connection: ${connection}\r\nupgrade: ${type}\r\n\r\n`;
const get = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\n${host}${fields}\r\n`;

/** What is sent in turn, each after the answer to the one before it. */
const exchanges: readonly (readonly [manager: string, ...parts: string[]])[] = [
  ['plain', get('/')],
  ['plain', get('/', 'connection: close\r\n')],
  ['plain', `POST / HTTP/1.1\r\n${host}expect: 100-continue\r\ncontent-length: 2\r\n\r\n`, 'ab'],
  ['plain', upgrade('/', 'websocket')],
  ['plain', `CONNECT a.test:80 HTTP/1.1\r\n${host}\r\n`],
  ['plain', 'GET / HTTP/1.0\r\n\r\n'],
  ['http10', 'GET / HTTP/1.0\r\n\r\n'],
  [
    'http10',
    ...['GET', 'HEAD', 'GET'].map((method) => `${method} / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n`),
  ],
  ['http10', 'GET /chunked HTTP/1.0\r\nconnection: Keep-Alive\r\n\r\n'],
  ['http10', 'GET /204 HTTP/1.0\r\nconnection: keep-alive\r\n\r\n'],
  ['upgrading', upgrade('/switch', 'websocket'), 'frames', 'more frames'],
  ['upgrading', upgrade('/switch', 'WebSocket', 'keep-alive, Upgrade'), 'frames'],
  ['upgrading', `${upgrade('/switch', 'websocket')}early`],
  ['upgrading', upgrade('/no', 'websocket')],
  ['upgrading', upgrade('/off/switch', 'off'), 'frames'],
  ['upgrading', upgrade('/switch', 'off')],
  ['upgrading', upgrade('/switch', 'other')],
  ['upgrading', upgrade('/403', 'websocket')],
  ['upgrading', upgrade('/', 'h2c', 'upgrade, http2-settings')],
  ['upgrading', get('/', 'upgrade: websocket\r\n')],
  ['upgrading', `CONNECT b.test:80 HTTP/1.1\r\nhost: b.test:80\r\n\r\n`, 'raw'],
  ['upgrading', `CONNECT b.test:80 HTTP/1.1\r\nhost: b.test:80\r\nx-end: 1\r\n\r\n`, 'raw'],
  ['limited', get('/'), get('/')],
  ['preserving', `GET /case HTTP/1.1\r\nHOST: a.test\r\nX-myName: 1\r\n\r\n`],
  ['proper', `GET /case HTTP/1.1\r\nHOST: a.test\r\nX-myName: 1\r\n\r\n`],
];

const answers: Readonly<Record<string, string>> = {
  '/chunked': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  '/never': '',
  '/part': 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok',
  '/204': 'HTTP/1.1 204 No Content\r\n\r\n',
  '/403': 'HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno',
  '/case': 'HTTP/1.1 200 OK\r\nX-ANSWER: 1\r\nContent-Length: 2\r\n\r\nok',
};

/** Answers by path; after a protocol change, or where no HTTP comes, it sends back what it gets, in brackets. */
function serve(socket: Socket): void {
  let isRaw = false;
  /** The answer to a request whose body is still to come. */
  let pending = '';
  socket.on('data', (chunk: Buffer) => {
    const text = chunk.toString('latin1');
    const [, method = '', path = ''] = /^(\S+) (\S+) HTTP\/1\.1\r\n/.exec(text) ?? [];
    if (pending !== '' || isRaw || method === '') {
      if (pending !== '' || isRaw || text.length < 10) socket.write(pending === '' ? `[${text}]` : pending);
      pending = '';
      return;
    }
    const rest = text.slice(text.indexOf('\r\n\r\n') + 4);
    isRaw = method === 'CONNECT' || (path.endsWith('/switch') && /\r\nupgrade:/.test(text));
    if (isRaw && method === 'GET') {
      const type = /\r\nupgrade: (.*)\r\n/.exec(text)?.[1] ?? '';
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: ${type}\r\nconnection: Upgrade\r\n\r\n`);
    } else if (isRaw) {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
    } else {
      const answer = answers[path] ?? 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
      // An answer before the body would race with it.
      if (method === 'POST' && rest === '') pending = answer;
      else socket.write(method === 'HEAD' ? (answer.split('\r\n\r\n', 1)[0] ?? '') + '\r\n\r\n' : answer);
    }
    if (isRaw && rest !== '') socket.write(`[${rest}]`);
  });
  socket.on('error', () => undefined);
}

test('a real Envoy and this proxy treat connections alike', { skip: envoy.skip }, async (t) => {
  const received: string[] = [];
  let lastSocket: Socket | undefined;
  const upstream = createServer((socket) => {
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk.toString('latin1'));
      lastSocket = socket;
    });
    serve(socket);
  });
  const sockets = new Set<Socket>();
  upstream.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    upstream.close();
    await once(upstream, 'close');
  });
  const upstreamPort = (upstream.address() as AddressInfo).port;
  const names = Object.keys(managers);
  const ports = await findFreePorts(names.length);
  const portOf = new Map(names.map((name, index) => [name, ports[index] ?? 0]));
  await startEnvoy(
    t,
    names.map((name) => listenerOf(name, portOf.get(name) ?? 0)),
    upstreamPort,
  );
  const ownPorts = new Map<string, number>();
  for (const name of names) {
    const listener = decodeYaml(resourceTypes.listener, JSON.stringify(listenerOf(name, 0)));
    const own = await startProxy(t, buildTable([]), { listener, clusters: { c: [upstreamPort] } });
    ownPorts.set(name, own.port);
  }

  const talk = async (port: number, parts: readonly string[]): Promise<readonly string[]> => {
    received.length = 0;
    const client = await RawClient.open(port);
    for (const part of parts) {
      const before = client.received.length;
      client.send(part);
      await until(() => isQuiet(client, before, part.endsWith('early')));
      if (client.hasEnded || client.isClosed) break;
    }
    const result = [normalize(client.received), normalize(received.join(''))];
    client.close();
    return result;
  };
  const differences: object[] = [];
  for (const [name, ...parts] of exchanges) {
    const expected = await talk(portOf.get(name) ?? 0, parts);
    const actual = await talk(ownPorts.get(name) ?? 0, parts);
    if (expected.join('\n') !== actual.join('\n')) differences.push({ name, parts, expected, actual });
  }
  assert.deepEqual(differences, []);

  // A client that ends its half, whatever it has asked for, is gone: its request ends upstream too.
  const leave = async (port: number, request: string, answered: string): Promise<string> => {
    lastSocket = undefined;
    const client = await RawClient.open(port);
    client.send(request);
    await until(() => lastSocket !== undefined && client.received.endsWith(answered));
    client.socket.end();
    await until(() => client.isClosed && lastSocket?.readyState === 'closed');
    return normalize(client.received);
  };
  const head = `POST /never HTTP/1.1\r\n${host}content-length: 5\r\n\r\n`;
  const left = [
    [get('/never'), ''],
    [get('/never', 'connection: close\r\n'), ''],
    [`${head}whole`, ''],
    [`${head}cut`, ''],
    [get('/part'), 'ok'],
  ] as const;
  for (const [request, answered] of left) {
    const expected = await leave(portOf.get('plain') ?? 0, request, answered);
    assert.equal(await leave(ownPorts.get('plain') ?? 0, request, answered), expected);
  }
});

/** All that this part of the exchange brings has come: a head, and what it announces, or raw bytes. */
function isQuiet(client: RawClient, before: number, mustEcho: boolean): boolean {
  const text = client.received.slice(before);
  if (client.hasEnded || client.isClosed) return true;
  if (text.endsWith(']') || mustEcho) return text.endsWith(']');
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return false;
  const head = text.slice(0, headEnd);
  if (/connection: close/i.test(head)) return /\r\n\r\n(ok|no|.*Required)?$/.test(text);
  if (/^HTTP\/1\.1 (1|2)\d\d .*\r\n\r\n$/s.test(text) && !/content-length: 2/i.test(head)) return true;
  return text.endsWith('ok') || text.endsWith('0\r\n\r\n') || /content-length: 2/i.test(head);
}

/** What differs by nature: names and times of the proxies, the order of fields, the version of HTTP/1.0 answers. */
function normalize(text: string): string {
  return text
    .split(/(?=HTTP\/1\.[01] \d)|(?<=\r\n\r\n)/)
    .map((part) => {
      if (!part.includes('\r\n')) return part;
      const [start = '', ...fields] = part.replace(/\r\n\r\n$/, '').split('\r\n');
      const kept = fields.filter(
        (field) => !/^(date|server|x-envoy-[a-z-]+|x-request-id|x-forwarded-proto):/i.test(field),
      );
      // How the options of a hop are written is each proxy's own affair.
      const folded = kept.map((field) =>
        field.replace(/^connection: (.*, *)?upgrade$/i, 'connection: upgrade'),
      );
      return [start.replace('HTTP/1.0', 'HTTP/1.1'), ...folded.sort()].join(' | ');
    })
    .join('\n');
}

async function startEnvoy(t: TestContext, listeners: readonly object[], upstreamPort: number): Promise<void> {
  const endpoint = { address: { socket_address: { address: '127.0.0.1', port_value: upstreamPort } } };
  const cluster = {
    name: 'c',
    connect_timeout: '5s',
    load_assignment: { cluster_name: 'c', endpoints: [{ lb_endpoints: [{ endpoint }] }] },
  };
  const program = runEnvoy(envoy.path, { static_resources: { listeners, clusters: [cluster] } });
  t.after(() => program.stop());
  for (const listener of listeners) {
    const { address } = listener as { address: { socket_address: { port_value: number } } };
    await program.until(() => isAccepting(address.socket_address.port_value));
  }
}

function listenerOf(name: string, port: number): object {
  const manager = managers[name];
  const filters = 'type.googleapis.com/envoy.extensions.filters';
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [
      {
        filters: [
          {
            name: 'manager',
            typed_config: {
              '@type': `${filters}.network.http_connection_manager.v3.HttpConnectionManager`,
              stat_prefix: name,
              route_config: {
                name: 'table',
                virtual_hosts: [
                  {
                    name: 'all',
                    domains: ['*'],
                    routes: [...(manager?.routes ?? []), { match: { prefix: '/' }, ...toC }],
                  },
                ],
              },
              http_filters: [
                { name: 'router', typed_config: { '@type': `${filters}.http.router.v3.Router` } },
              ],
              ...manager?.fields,
            },
          },
        ],
      },
    ],
  };
}
