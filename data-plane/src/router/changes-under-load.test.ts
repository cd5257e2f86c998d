import { test } from 'node:test';
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { startHttpServer } from '../upstream/testing/upstream-server.ts';
import { buildChain, buildListener, startProxy } from './testing/proxy.ts';
import { RawClient } from './testing/raw-client.ts';
import {
  buildManager,
  buildRoute,
  buildTable,
  buildVirtualHost,
  forward,
  prefix,
} from './testing/route-fixtures.ts';

const request = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

test('no request fails while listeners, routes and clusters change under it', async (t) => {
  const servers = await Promise.all(
    ['one', 'two'].map((name) => startHttpServer((_, answer) => answer.end(name))),
  );
  for (const server of servers) t.after(() => server.close());
  const ports = servers.map(({ port }) => port);
  const [one = 0, two = 0] = ports;
  const table = (cluster: string) =>
    buildTable([buildVirtualHost([buildRoute(prefix('/'), forward(cluster))])]);
  const routes = { kind: 'rds', routeConfigName: 'table' } as const;
  const proxy = await startProxy(t, table('one'), {
    clusters: { one: [one], two: [two] },
    manager: { routes },
    drainTimeMs: 60_000,
  });
  proxy.routes.apply([table('one')]);

  let isOver = false;
  t.after(() => (isOver = true));
  const seen: Record<string, number> = {};
  const failures: string[] = [];
  const load = async (): Promise<void> => {
    let client = await RawClient.open(proxy.port);
    while (!isOver) {
      client.send(request);
      try {
        const answer = await client.answer();
        const name = `${answer.status} ${answer.body}`;
        seen[name] = (seen[name] ?? 0) + 1;
        if (answer.header('connection') !== 'close') continue;
        client.close();
      } catch (err) {
        failures.push(String(err));
      }
      client = await RawClient.open(proxy.port);
    }
    client.close();
  };
  const loads = Array.from({ length: 8 }, load);

  const answered = (): number => Object.values(seen).reduce((sum, count) => sum + count, 0);
  for (let round = 0; round < 60; round++) {
    const target = answered() + 20;
    while (answered() < target) await nextTurn();
    switch (round % 4) {
      case 0:
        proxy.routes.apply([table(round % 8 === 0 ? 'two' : 'one')]);
        break;
      case 1:
        proxy.addCluster('one', [one]);
        proxy.addCluster('two', [two]);
        break;
      case 2: {
        const chain = buildChain(buildManager(table('one'), { routes }), `chain ${round}`);
        await proxy.update(buildListener([chain]), true);
        break;
      }
      case 3: {
        const chain = buildChain(buildManager(table('one'), { routes }), `chain ${round}`);
        await proxy.update(buildListener([chain]), false);
        break;
      }
    }
  }
  isOver = true;
  await Promise.all(loads);
  assert.deepEqual(failures, []);
  assert.deepEqual(Object.keys(seen).sort(), ['200 one', '200 two']);
});
