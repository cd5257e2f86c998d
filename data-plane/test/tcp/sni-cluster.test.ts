import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { cluster } from '../statistics/bootstrap-parts.ts';
import { networkFilter, startSubject, subjects } from './subject.ts';

const certificate = createCertificate({ dnsNames: ['a.test'] });
const inspector = 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';

for (const subject of subjects) {
  test(
    `${subject.name}: the SNI names the cluster, and TLS passes through`,
    { skip: subject.skip },
    async (t) => {
      const server = createServer({ cert: certificate.pem, key: certificate.privateKeyPem }, (socket) => {
        socket.on('error', () => undefined);
        socket.end('secret');
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(() => server.close());
      const filters = [
        networkFilter('sni_cluster.v3.SniCluster'),
        networkFilter('tcp_proxy.v3.TcpProxy', { stat_prefix: 's', cluster: 'unknown' }),
      ];
      const proxy = await startSubject(subject, () => ({
        listeners: {
          sni: {
            listener_filters: [{ name: 'tls', typed_config: { '@type': inspector } }],
            filter_chains: [{ filters }],
          },
        },
        clusters: [cluster('a.test', [(server.address() as AddressInfo).port])],
      }));
      t.after(() => proxy.stop());
      const client = connect({
        port: proxy.portOf('sni'),
        host: '127.0.0.1',
        servername: 'a.test',
        ca: certificate.pem,
        rejectUnauthorized: false,
      });
      let text = '';
      client.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await once(client, 'close');
      assert.equal(text, 'secret');
      await proxy.untilStat('tcp.s.downstream_cx_no_route', 0);
    },
  );
}
