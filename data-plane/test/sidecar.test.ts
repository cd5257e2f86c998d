import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { probeAddress } from '../src/probe-address.ts';
import { get, RawClient } from '../src/router/testing/raw-client.ts';

const filters = 'type.googleapis.com/envoy.extensions.filters';

function buildBootstrap(logPath: string, adminPort: number): unknown {
  const router = { name: 'router', typed_config: { '@type': `${filters}.http.router.v3.Router` } };
  const fileLog = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog';
  const manager = {
    '@type': `${filters}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'test',
    access_log: [{ name: 'file', typed_config: { '@type': fileLog, path: logPath } }],
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'ok' } } },
          ],
        },
      ],
    },
    http_filters: [router],
  };
  return {
    node: { id: 'test', cluster: 'test' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: adminPort } } },
    static_resources: {
      clusters: [{ name: 'c', type: 'STATIC', load_assignment: { cluster_name: 'c' } }],
      listeners: [
        {
          name: 'main',
          address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
          filter_chains: [{ filters: [{ name: 'manager', typed_config: manager }] }],
        },
      ],
    },
  };
}

/** A whole sidecar with two workers, the port of its listener, and that of its admin interface. */
async function startSidecar(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'sidecar-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const logPath = join(directory, 'log');
  const { port: adminPort } = await probeAddress({ address: '127.0.0.1', port: 0 });
  const main = join(import.meta.dirname, '../src/main.ts');
  const bootstrap = JSON.stringify(buildBootstrap(logPath, adminPort));
  const child = spawn(process.execPath, [main, '--config-yaml', bootstrap, '--concurrency', '2'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let port = 0;
  for await (const line of createInterface({ input: child.stderr })) {
    const { msg, address } = JSON.parse(line) as { msg: string; address?: string };
    if (msg === 'listener is active') port = Number(address?.split(':')[1]);
    if (msg === 'ready') break;
  }
  return { child, port, adminPort, logPath };
}

test('the first look at the statistics shows circuit breakers', async (t) => {
  const { adminPort } = await startSidecar(t);
  const { body } = await get(adminPort, '/stats?filter=cluster.c.circuit_breakers.default.cx_open');
  assert.equal(body, 'cluster.c.circuit_breakers.default.cx_open: 0\n');
});

test('SIGTERM: open connections end with their next answer, and the log holds every request', async (t) => {
  const { child, port, logPath } = await startSidecar(t);
  for (let index = 0; index < 6; index++) assert.equal((await get(port, '/')).status, 200);
  const client = await RawClient.open(port);
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.equal((await client.answer()).header('connection'), undefined);

  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  let answer;
  let requestCount = 7;
  do {
    requestCount++;
    client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    answer = await client.answer();
  } while (answer.header('connection') !== 'close' && answer.status === 200);
  assert.equal(answer.status, 200);
  await client.closed();
  assert.deepEqual(await exited, [0, null]);
  assert.equal(readFileSync(logPath, 'utf8').trimEnd().split('\n').length, requestCount);
});
