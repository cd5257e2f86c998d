import assert from 'node:assert/strict';
import { connect as connectTls } from 'node:tls';
import { test } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { RawClient } from '../../src/router/testing/raw-client.ts';
import { startTcpServer, until } from '../../src/upstream/testing/upstream-server.ts';
import { cluster, fileLog, type Json } from '../statistics/bootstrap-parts.ts';
import { networkFilter, startSubject, subjects } from './subject.ts';

const echo = networkFilter('echo.v3.Echo');
const any: Json = { any: true };
const policy = (permissions: readonly Json[], principals: readonly Json[]): Json => ({
  permissions,
  principals,
});
const rbac = (prefix: string, fields: Json): Json =>
  networkFilter('rbac.v3.RBAC', { stat_prefix: prefix, ...fields });
const rules = (action: 'ALLOW' | 'DENY' | 'LOG', ...policies: readonly Json[]): Json => ({
  action,
  policies: Object.fromEntries(policies.map((value, i) => [`policy ${i}`, value])),
});
const range = (address: string, length: number): Json => ({ address_prefix: address, prefix_len: length });
const loopback = range('127.0.0.0', 8);
const elsewhere = range('10.0.0.0', 8);

for (const subject of subjects) {
  const { name, skip } = subject;

  test(`${name}: rules decide by addresses, ports and server names`, { skip }, async (t) => {
    const decisions: Readonly<
      Record<string, readonly [permission: Json, principal: Json, isAllowed: boolean]>
    > = {
      direct: [{ not_rule: { destination_ip: elsewhere } }, { direct_remote_ip: loopback }, true],
      remote: [{ destination_ip: loopback }, { and_ids: { ids: [{ remote_ip: loopback }, any] } }, true],
      source: [any, { source_ip: elsewhere }, false],
      range: [{ destination_port_range: { start: 1, end: 2 } }, any, false],
      wide: [
        { destination_port_range: { start: 1, end: 65536 } },
        { not_id: { remote_ip: elsewhere } },
        true,
      ],
      name: [{ requested_server_name: { exact: '' } }, any, true],
      plain: [{ or_rules: { rules: [any] } }, { authenticated: {} }, false],
    };
    const proxy = await startSubject(subject, (_, portOf) => ({
      listeners: {
        ...Object.fromEntries(
          Object.entries(decisions).map(([key, [permission, principal]]) => [
            key,
            [rbac(key, { rules: rules('ALLOW', policy([permission], [principal])) }), echo],
          ]),
        ),
        port: [
          rbac('port', { rules: rules('DENY', policy([{ destination_port: portOf('port') }], [any])) }),
          echo,
        ],
      },
    }));
    t.after(() => proxy.stop());
    for (const [key, isAllowed] of [
      ...Object.entries(decisions).map(([listener, row]) => [listener, row[2]] as const),
      ['port', false] as const,
    ]) {
      const client = await RawClient.open(proxy.portOf(key));
      client.send('x');
      await until(() => client.received === 'x' || client.isClosed || client.hasEnded);
      client.close();
      assert.equal(client.received, isAllowed ? 'x' : '', key);
      await proxy.untilStat(`${key}.rbac.${isAllowed ? 'allowed' : 'denied'}`, 1);
    }
  });

  test(`${name}: shadow rules, logging rules, every read, and what logs say`, { skip }, async (t) => {
    const server = await startTcpServer((socket) => void socket.pipe(socket));
    t.after(() => server.close());
    const everybody = policy([any], [any]);
    const nobody = policy([any], [{ source_ip: elsewhere }]);
    const proxy = await startSubject(subject, (logPath) => {
      const log = fileLog(logPath) as { readonly typed_config: Json };
      const format = { text_format: '%RESPONSE_FLAGS% %CONNECTION_TERMINATION_DETAILS%\n' };
      const tcpProxy = networkFilter('tcp_proxy.v3.TcpProxy', {
        stat_prefix: 'logged',
        cluster: 'echo',
        access_log: [{ ...log, typed_config: { ...log.typed_config, log_format: format } }],
      });
      return {
        listeners: {
          shadow: [
            rbac('shadow', { shadow_rules: rules('DENY', everybody), shadow_rules_stat_prefix: 'tried' }),
            echo,
          ],
          log: [rbac('log', { rules: rules('LOG', nobody) }), echo],
          reads: [rbac('reads', { rules: rules('ALLOW', everybody), enforcement_type: 'CONTINUOUS' }), echo],
          once: [
            rbac('once', { rules: rules('ALLOW', everybody), shadow_rules: rules('ALLOW', nobody) }),
            echo,
          ],
          named: [rbac('named', { rules: rules('DENY', nobody, everybody) }), tcpProxy],
          unnamed: [rbac('unnamed', { rules: rules('ALLOW', nobody), delay_deny: '0.1s' }), tcpProxy],
        },
        clusters: [cluster('echo', [server.port])],
      };
    });
    t.after(() => proxy.stop());
    for (const listener of ['shadow', 'log', 'reads', 'once']) {
      const client = await RawClient.open(proxy.portOf(listener));
      for (const received of ['x', 'xx']) {
        client.send('x');
        await until(() => client.received === received);
      }
      if (listener === 'reads') await proxy.untilStat('reads.rbac.allowed', 2);
      client.close();
    }
    const lines: string[] = [];
    for (const listener of ['named', 'unnamed']) {
      const client = await RawClient.open(proxy.portOf(listener));
      client.send('x');
      await until(() => client.isClosed || client.hasEnded);
      client.close();
      lines.push(...(await proxy.logLines(1)));
    }
    assert.deepEqual(lines, [
      '- rbac_access_denied_matched_policy[policy_1]',
      '- rbac_access_denied_matched_policy[none]',
    ]);
    for (const [stat, value] of [
      ['shadow.rbac.tried.shadow_denied', 1],
      ['log.rbac.allowed', 1],
      ['once.rbac.allowed', 1],
      ['once.rbac.shadow_denied', 1],
      ['named.rbac.denied', 1],
      ['unnamed.rbac.denied', 1],
    ] as const) {
      await proxy.untilStat(stat, value);
    }
  });

  test(`${name}: rules decide by the names in certificates`, { skip }, async (t) => {
    const authority = createCertificate({ commonName: 'root', isAuthority: true });
    const server = createCertificate({ issuer: authority, dnsNames: ['a.test'] });
    const clients = {
      uri: createCertificate({ issuer: authority, commonName: 'one', uris: ['spiffe://mesh/one'] }),
      dns: createCertificate({ issuer: authority, commonName: 'two', dnsNames: ['two.test'] }),
      subject: createCertificate({ issuer: authority, commonName: 'three' }),
      none: undefined,
    };
    const tls = {
      name: 'tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
        common_tls_context: {
          tls_certificates: [
            {
              certificate_chain: { inline_string: server.pem },
              private_key: { inline_string: server.privateKeyPem },
            },
          ],
          validation_context: { trusted_ca: { inline_string: authority.pem } },
        },
      },
    };
    const principals: Readonly<Record<string, Json>> = {
      uri: { principal_name: { exact: 'spiffe://mesh/one' } },
      dns: { principal_name: { suffix: '.test' } },
      subject: { principal_name: { exact: 'CN=three' } },
      somebody: {},
      empty: { principal_name: { exact: '' } },
      sni: {},
    };
    const proxy = await startSubject(subject, () => ({
      listeners: Object.fromEntries(
        Object.entries(principals).map(([key, authenticated]) => {
          const permission = key === 'sni' ? { requested_server_name: { exact: 'b.test' } } : any;
          const filter = rbac(key, { rules: rules('ALLOW', policy([permission], [{ authenticated }])) });
          return [key, { filter_chains: [{ filters: [filter, echo], transport_socket: tls }] }];
        }),
      ),
    }));
    t.after(() => proxy.stop());
    const allowed: string[] = [];
    for (const listener of Object.keys(principals)) {
      for (const [client, certificate] of Object.entries(clients)) {
        const socket = connectTls({
          port: proxy.portOf(listener),
          host: '127.0.0.1',
          servername: 'a.test',
          rejectUnauthorized: false,
          ...(certificate === undefined ? {} : { cert: certificate.pem, key: certificate.privateKeyPem }),
        });
        socket.on('error', () => undefined);
        let text = '';
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString();
          socket.destroy();
        });
        socket.write('x');
        await until(() => socket.closed);
        if (text === 'x') allowed.push(`${listener} ${client}`);
      }
    }
    assert.deepEqual(allowed, [
      'uri uri',
      'dns dns',
      'subject subject',
      ...Object.keys(clients).map((client) => `somebody ${client}`),
      'empty none',
    ]);
  });
}
