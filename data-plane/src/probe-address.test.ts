import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { probeAddress } from './probe-address.ts';

test('port 0 becomes a free port', async () => {
  const { port } = await probeAddress({ address: '127.0.0.1', port: 0 });
  assert.ok(port > 0);
});

test('a port that a reusePort socket holds is found taken', async () => {
  const server = createServer();
  await new Promise<void>((resolve) =>
    server.listen({ host: '127.0.0.1', port: 0, reusePort: true }, resolve),
  );
  const { port } = server.address() as AddressInfo;
  await assert.rejects(
    probeAddress({ address: '127.0.0.1', port }),
    /127\.0\.0\.1:\d+ is in use by another process/,
  );
  await new Promise((resolve) => server.close(resolve));
});

test('an address of another machine is named', async () => {
  await assert.rejects(
    probeAddress({ address: '192.0.2.1', port: 0 }),
    /192\.0\.2\.1:0 is not an address of this machine/,
  );
});
