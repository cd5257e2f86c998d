import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { HeaderKeyFormat } from '../src/config/model/http-connection-manager.ts';
import { startProxy } from '../src/router/testing/proxy.ts';
import { RawClient } from '../src/router/testing/raw-client.ts';
import {
  buildRoute,
  buildTable,
  buildVirtualHost,
  forward,
  prefix,
} from '../src/router/testing/route-fixtures.ts';
import { startTcpServer, until } from '../src/upstream/testing/upstream-server.ts';

const request = 'GET / HTTP/1.1\r\nHOST: a\r\nX-myName: 1\r\n\r\n';
const answer = 'HTTP/1.1 200 OK\r\nX-ANSWER: 1\r\nContent-length: 0\r\n\r\n';
const remembering: HeaderKeyFormat = { remembersCase: true, isProperCase: false };
const proper: HeaderKeyFormat = { remembersCase: false, isProperCase: true };

test('the case of names is passed on by the half that reads them, and made proper by the one that writes', async (t) => {
  const heads: string[] = [];
  const upstream = await startTcpServer((socket) => {
    socket.on('data', (chunk: Buffer) => {
      heads.push(chunk.toString('latin1'));
      socket.write(answer);
    });
  });
  t.after(() => upstream.close());
  const table = buildTable([buildVirtualHost([buildRoute(prefix('/'), forward('c'))])]);

  async function namesWith(
    ofManager: HeaderKeyFormat | undefined,
    ofCluster: HeaderKeyFormat | undefined,
  ): Promise<readonly [string, string]> {
    const proxy = await startProxy(t, table, {
      clusters: { c: [upstream.port] },
      clusterFields: { http: ofCluster === undefined ? {} : { headerKeyFormat: ofCluster } },
      manager: ofManager === undefined ? {} : { headerKeyFormat: ofManager },
    });
    const client = await RawClient.open(proxy.port);
    client.send(request);
    await until(() => client.received.endsWith('\r\n\r\n'));
    const names = (head: string): string =>
      [...head.matchAll(/\r\n([^:\r\n]+):/g)]
        .map(([, name = '']) => name)
        .filter((name) => !/^(x-envoy-expected|x-envoy-upstream|x-request-id|date|server)/i.test(name))
        .join(' ');
    const result = [names(heads.at(-1) ?? ''), names(client.received)] as const;
    client.close();
    return result;
  }

  const lower = 'host x-myname x-forwarded-proto';
  assert.deepEqual(await namesWith(undefined, undefined), [lower, 'x-answer content-length']);
  assert.deepEqual(await namesWith(remembering, undefined), [
    'HOST X-myName x-forwarded-proto',
    'x-answer content-length',
  ]);
  assert.deepEqual(await namesWith(undefined, remembering), [lower, 'X-ANSWER Content-length']);
  assert.deepEqual(await namesWith(proper, undefined), [lower, 'X-Answer Content-Length']);
  assert.deepEqual(await namesWith(remembering, proper), [
    'HOST X-myName x-forwarded-proto',
    'x-answer content-length',
  ]);
  assert.deepEqual(await namesWith(undefined, proper), [
    'Host X-Myname X-Forwarded-Proto',
    'x-answer content-length',
  ]);
});

test('what is no request is refused with proper names too', async (t) => {
  const proxy = await startProxy(t, buildTable([]), { manager: { headerKeyFormat: proper } });
  const client = await RawClient.open(proxy.port);
  client.send('nonsense\r\n\r\n');
  await until(() => client.received.endsWith('Bad Request'));
  assert.match(
    client.received,
    /^HTTP\/1\.1 400 Bad Request\r\nContent-Length: 11\r\nContent-Type: text\/plain\r\n/,
  );
  assert.match(client.received, /\r\nConnection: close\r\n\r\nBad Request$/);
  client.close();
});
