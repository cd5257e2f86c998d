import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { answersOk, createHarness, until } from '../harness/harness.ts';
import { runShell } from '../harness/heddle-command.ts';
import { call } from '../harness/http-call.ts';
import { planeProgram } from '../harness/plane-program.ts';

const address = '::1';

test('every address may be an IPv6 one: both planes, listeners, instances, applications, admin, the command', async () => {
  await using harness = createHarness('ipv6');
  const [rest = 0, xds = 0, inbound = 0, outbound = 0, servicePort = 0, ...admins] = await findFreePorts(8);
  const [clientAdmin = 0, serverAdmin = 0, serverOutbound = 0] = admins;
  const app = http.createServer((_request, response) => response.end('from the application'));
  await new Promise<void>((resolve) => app.listen(0, address, resolve));
  harness.onEnd(() => new Promise((resolve) => app.close(resolve).closeAllConnections()));
  const { port: appPort } = app.address() as { port: number };

  await harness.start(
    {
      name: 'control-plane',
      command: [
        'node',
        ...planeProgram('control-plane'),
        ...['--bind', address, '--rest-port', String(rest), '--xds-port', String(xds)],
        ...['--registry', path.join(harness.folder, 'registry.db')],
      ],
    },
    () => answersOk(rest, '/readyz', undefined, address),
  );
  const heddle = async (words: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await runShell(
      `sh cli/bin/heddle ${words} --server http://[${address}]:${rest}`,
    );
    assert.equal(exitCode, 0, stderr);
    return stdout;
  };
  const body = JSON.stringify({ port: servicePort });
  const headers = { 'content-type': 'application/json' };
  const put = await call(rest, '/v1/services/cart', { address, method: 'PUT', headers, body });
  assert.equal(put.status, 201, put.body);
  await heddle(`register cart cart-1 --address ${address} --port ${inbound}`);

  const sidecar = (id: string, admin: number, flags: readonly string[]) =>
    harness.start(
      {
        name: id,
        command: [
          'node',
          ...planeProgram('data-plane'),
          ...['--control-plane', `[${address}]:${xds}`, '--node-id', id, '--concurrency', '1'],
          ...['--admin-address', address, '--admin-port', String(admin), '--listen-address', address],
          ...flags,
        ],
      },
      () => answersOk(admin, '/ready', undefined, address),
    );
  await sidecar('cart-1', serverAdmin, [
    ...['--service', 'cart', '--app-address', address, '--app-port', String(appPort)],
    ...['--inbound-address', address, '--inbound-port', String(inbound)],
    ...['--outbound-port', String(serverOutbound), '--no-service-ports'],
  ]);
  await sidecar('client', clientAdmin, ['--outbound-port', String(outbound)]);

  await until('the application answers', () => answersOk(outbound, '/', 'cart', address));
  assert.equal((await call(outbound, '/', { host: 'cart', address })).body, 'from the application');
  const byPort = await call(servicePort, '/', { host: `[${address}]:${servicePort}`, address });
  assert.equal(byPort.body, 'from the application', 'the service’s own port, with an address for its Host');
  const clusters = await call(clientAdmin, '/clusters', { address });
  assert.match(clusters.body, new RegExp(`cart::\\[::1\\]:${inbound}::`));
  const listeners = await call(clientAdmin, '/listeners', { address });
  assert.match(listeners.body, new RegExp(`outbound::\\[::1\\]:${outbound}`));
  assert.match(await heddle('status'), /client +.*synced/);
});
