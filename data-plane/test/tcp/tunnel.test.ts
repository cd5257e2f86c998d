import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { RawClient } from '../../src/router/testing/raw-client.ts';
import { startTcpServer, until } from '../../src/upstream/testing/upstream-server.ts';
import { cluster, fileLog, http2Options, manager, type Json } from '../statistics/bootstrap-parts.ts';
import { networkFilter, startSubject, subjects } from './subject.ts';

const certificate = createCertificate({ dnsNames: ['proxy.test'] });
const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const downstreamTls = {
  name: 'tls',
  typed_config: {
    '@type': `${tls}.DownstreamTlsContext`,
    common_tls_context: {
      tls_certificates: [
        {
          certificate_chain: { inline_string: certificate.pem },
          private_key: { inline_string: certificate.privateKeyPem },
        },
      ],
    },
  },
};
const upstreamTls = {
  transport_socket: {
    name: 'tls',
    typed_config: { '@type': `${tls}.UpstreamTlsContext`, sni: 'proxy.test', common_tls_context: {} },
  },
};

const tcpProxy = (prefix: string, name: string, fields: Json = {}): Json =>
  networkFilter('tcp_proxy.v3.TcpProxy', { stat_prefix: prefix, cluster: name, ...fields });
const tunnelTo = (name: string, tunneling: Json, fields: Json = {}): Json =>
  tcpProxy(name, name, {
    ...fields,
    tunneling_config: {
      hostname: 'target.test:99',
      headers_to_add: [{ header: { key: 'x-from', value: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%' } }],
      ...tunneling,
    },
  });

function connectManager(logPath: string): Json {
  const connect = [{ upgrade_type: 'CONNECT', connect_config: {} }];
  const post = [{ upgrade_type: 'CONNECT', connect_config: { allow_post: true } }];
  const log = fileLog(logPath) as { readonly typed_config: Json };
  const text = '%REQ(:METHOD)% %REQ(:AUTHORITY)% %REQ(X-FROM)% %PROTOCOL% %RESPONSE_CODE%\n';
  return {
    name: 'manager',
    typed_config: manager(
      'connect',
      [
        { match: { connect_matcher: {} }, route: { cluster: 'echo', upgrade_configs: connect } },
        { match: { path: '/post' }, route: { cluster: 'echo', upgrade_configs: post } },
      ],
      {
        http2_protocol_options: { allow_connect: true },
        upgrade_configs: [{ upgrade_type: 'CONNECT' }],
        access_log: [{ ...log, typed_config: { ...log.typed_config, log_format: { text_format: text } } }],
      },
    ),
  };
}

for (const subject of subjects) {
  const { name, skip } = subject;
  test(`${name}: a tunnel through CONNECT, POST and TLS`, { skip }, async (t) => {
    const echo = await startTcpServer((socket) => void socket.pipe(socket));
    t.after(() => echo.close());
    const proxy = await startSubject(subject, (logPath, portOf) => ({
      listeners: {
        connect: [connectManager(logPath)],
        http1: [tunnelTo('http1', {})],
        http2: [tunnelTo('http2', {})],
        post: [tunnelTo('http2', { use_post: true, post_path: '/post' })],
        post1: [tunnelTo('http1', { use_post: true, post_path: '/post' })],
        refused: [
          tunnelTo(
            'http1',
            { hostname: 'x', use_post: true, post_path: '/nowhere' },
            { max_connect_attempts: 2 },
          ),
        ],
        secure: {
          filter_chains: [{ filters: [tcpProxy('secure', 'echo')], transport_socket: downstreamTls }],
        },
        insecure: [tcpProxy('insecure', 'secure')],
      },
      clusters: [
        cluster('echo', [echo.port]),
        cluster('http1', [portOf('connect')]),
        cluster('http2', [portOf('connect')], http2Options({})),
        cluster('secure', [portOf('secure')], upstreamTls),
      ],
    }));
    t.after(() => proxy.stop());
    for (const [listener, line] of [
      ['http1', 'CONNECT target.test:99 127.0.0.1 HTTP/1.1 200'],
      ['http2', 'CONNECT target.test:99 127.0.0.1 HTTP/2 200'],
      ['post', 'POST target.test:99 127.0.0.1 HTTP/2 200'],
      ['post1', 'POST target.test:99 127.0.0.1 HTTP/1.1 200'],
      ['insecure', undefined],
    ] as const) {
      const client = await RawClient.open(proxy.portOf(listener));
      client.send('hello ');
      await until(() => client.received === 'hello ');
      client.socket.end('tunnel');
      await client.closed();
      // Over HTTP/1.1 Envoy drops what comes with the client's end.
      assert.match(client.received, name === 'envoy' ? /^hello / : /^hello tunnel$/, listener);
      if (line !== undefined) assert.deepEqual(await proxy.logLines(1), [line]);
    }
    const refused = await RawClient.open(proxy.portOf('refused'));
    await refused.closed();
    const line = 'POST x 127.0.0.1 HTTP/1.1 404';
    assert.deepEqual(await proxy.logLines(2), [line, line]);
  });
}
