import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { systemClock } from '@heddle/shared/time/clock';
import { askAdmin } from '../statistics/ask-admin.ts';
import { cluster, listener, type Json } from '../statistics/bootstrap-parts.ts';
import { startSidecarProcess } from '../statistics/sidecar-process.ts';
import { networkFilter } from '../tcp/subject.ts';
import { freePortOfBoth, UdpClient, udpListener, UdpServer } from './udp-parts.ts';

const clientCount = 16;

test('two workers: each client has one session, and a stream may listen on the same port', async (t) => {
  const server = await UdpServer.start((datagram) => datagram);
  t.after(() => server.close());
  const port = await freePortOfBoth();
  const filters: readonly Json[] = [networkFilter('echo.v3.Echo')];
  const sidecar = await startSidecarProcess(
    {
      static_resources: {
        listeners: [
          { name: 'datagrams', ...udpListener(port, { stat_prefix: 'p', cluster: 'c' }) },
          listener(
            'streams',
            {},
            {
              address: { socket_address: { address: '127.0.0.1', port_value: port } },
              filter_chains: [{ filters }],
            },
          ),
        ],
        clusters: [cluster('c', [server.port])],
      },
    },
    { argv: ['--concurrency', '2'] },
  );
  t.after(() => sidecar.stop());
  assert.equal(await sidecar.portOf('streams'), port);
  // A socket more, and the kernel would divide the clients anew.
  await waitUntil(
    'all workers listen',
    async () => (await askAdmin(sidecar.adminPort, '/ready')) === 'LIVE\n',
    {
      clock: systemClock,
      deadlineMs: 20_000,
      intervalMs: 20,
    },
  );
  const clients: UdpClient[] = [];
  t.after(() => {
    for (const client of clients) client.close();
  });
  for (let count = 0; count < clientCount; count++) clients.push(await UdpClient.open(port));
  for (const text of ['one', 'two', 'three']) {
    assert.deepEqual(
      await Promise.all(clients.map((client) => client.ask(text))),
      clients.map(() => text),
    );
  }
  assert.equal(server.peers.size, clientCount);
  assert.equal(
    await askAdmin(sidecar.adminPort, '/stats?filter=^udp.p.downstream_sess_total$'),
    `udp.p.downstream_sess_total: ${clientCount}\n`,
  );
  const listeners = await askAdmin(sidecar.adminPort, '/listeners');
  assert.equal(listeners, `datagrams::127.0.0.1:${port}\nstreams::127.0.0.1:${port}\n`);
});
