import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:https';
import { test, type TestContext } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
import type { UpstreamProxyProtocol } from '../src/config/model/upstream-proxy-protocol.ts';
import { startProxy, buildChain, buildListener } from '../src/router/testing/proxy.ts';
import { RawClient } from '../src/router/testing/raw-client.ts';
import {
  buildManager,
  buildRoute,
  buildTable,
  buildVirtualHost,
  forward,
  prefix,
} from '../src/router/testing/route-fixtures.ts';
import { buildBinary, buildTlv } from '../src/transport/proxy-protocol/testing/build-proxy-header.ts';
import { buildUpstreamTls } from '../src/transport/tls/testing/tls-fixtures.ts';
import { createConnector } from '../src/upstream-transport.ts';

const certificate = createCertificate({ dnsNames: ['a.test'] });
const v1: UpstreamProxyProtocol = { version: 1, passThroughTlvs: [], addedTlvs: [] };
const v2: UpstreamProxyProtocol = {
  version: 2,
  passThroughTlvs: 'all',
  addedTlvs: [{ type: 0xe1, valueHex: 'ff' }],
};

/** Takes what comes ahead of `next`, and hands the rest to an HTTP server: the headers, in their order. */
async function startReader(t: TestContext, isSecure: boolean) {
  const answer = (_request: unknown, response: { end(text: string): void }): void => response.end('ok');
  const http = isSecure
    ? createTlsServer({ cert: certificate.pem, key: certificate.privateKeyPem }, answer)
    : createServer(answer);
  const headers: Buffer[] = [];
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket);
    socket.once('readable', () => {
      const bytes = (socket.read() ?? Buffer.alloc(0)) as Buffer;
      const length = bytes[0] === 13 ? 16 + bytes.readUInt16BE(14) : bytes.indexOf('\r\n') + 2;
      headers.push(bytes.subarray(0, length));
      if (bytes.length > length) socket.unshift(bytes.subarray(length));
      http.emit('connection', socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    http.close();
  });
  return { port: (server.address() as { port: number }).port, headers };
}

for (const isSecure of [false, true]) {
  test(`an upstream is told of each client${isSecure ? ', ahead of TLS' : ''}`, async (t) => {
    for (const proxyProtocol of [v1, v2]) {
      const reader = await startReader(t, isSecure);
      const table = buildTable([buildVirtualHost([buildRoute(prefix('/'), forward('c'))])]);
      const listener = buildListener([buildChain(buildManager(table), 'a')], {
        listenerFilters: {
          timeoutMs: 0,
          continuesOnTimeout: false,
          filters: [
            {
              kind: 'proxy-protocol',
              statPrefix: '',
              allowsWithoutHeader: true,
              allowedVersions: [1, 2],
              rules: [],
              rulesLocation: 'dynamic-metadata',
              passThroughTlvs: 'all',
            },
          ],
        },
      });
      const proxy = await startProxy(t, table, {
        listener,
        clusters: { c: [reader.port] },
        clusterFields: { proxyProtocol, ...(isSecure ? { tls: buildUpstreamTls() } : {}) },
        createConnector,
      });
      const ask = async (header: Buffer): Promise<RawClient> => {
        const client = await RawClient.open(proxy.port);
        client.socket.write(Buffer.concat([header, Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n')]));
        assert.equal((await client.answer()).status, 200);
        return client;
      };
      const own = await ask(Buffer.alloc(0));
      const forwarded = await ask(buildBinary({ tlvs: [buildTlv(4, 'x')] }));
      // On the connection that is there.
      forwarded.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      await forwarded.answer();
      const line = `PROXY TCP4 127.0.0.1 127.0.0.1 ${own.socket.localPort ?? 0} ${proxy.port}\r\n`;
      const expected =
        proxyProtocol === v1
          ? [line, 'PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000\r\n']
          : [
              undefined,
              buildBinary({ tlvs: [buildTlv(0xe1, Buffer.from([255])), buildTlv(4, 'x')] }).toString(
                'latin1',
              ),
            ];
      assert.equal(reader.headers.length, 2);
      for (const [index, text] of expected.entries()) {
        if (text !== undefined) assert.equal(reader.headers[index]?.toString('latin1'), text);
      }
      own.close();
      forwarded.close();
    }
  });
}
