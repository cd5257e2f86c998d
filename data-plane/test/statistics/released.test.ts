import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { resourceTypes } from '../../src/config/resources/testing/decode-yaml.ts';
import { RawClient } from '../../src/router/testing/raw-client.ts';
import { askAdmin } from './ask-admin.ts';
import { cluster, listener, manager, type Json } from './bootstrap-parts.ts';
import { startSidecarProcess } from './sidecar-process.ts';
import { dynamicResources, XdsPusher } from './xds-pusher.ts';

const byHeader = [{ match: { prefix: '/' }, route: { cluster_header: 'x-cluster' } }];

/** Names of all statistics but those of the listeners, whose connections come and go. */
async function namesOf(adminPort: number): Promise<string[]> {
  const text = await askAdmin(adminPort, '/stats');
  return text.split('\n').flatMap((line) => (/^cluster\./.test(line) ? (line.split(': ')[0] ?? '') : []));
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(systemClock, 20);
}

test('statistics of 2,000 clusters that came, served and went are gone in every thread', async () => {
  const pusher = new XdsPusher();
  await pusher.server.listen();
  const sidecar = await startSidecarProcess(dynamicResources(pusher.server.port), {
    argv: ['--concurrency', '2'],
  });
  const { adminPort } = sidecar;
  const clients: RawClient[] = [];
  try {
    await pusher.connected();
    await pusher.asked(resourceTypes.cluster);
    pusher.push(resourceTypes.cluster, {});
    await pusher.asked(resourceTypes.listener);
    pusher.push(resourceTypes.listener, { main: listener('main', manager('main', byHeader)) });
    const port = await sidecar.portOf('main');
    // Connections go to either worker; several see to it that both have some.
    for (let index = 0; index < 8; index++) clients.push(await RawClient.open(port));
    const before = await namesOf(adminPort);

    for (let round = 0; round < 4; round++) {
      const names = Array.from({ length: 500 }, (_, index) => `round${round}-${index}`);
      const clusters = Object.fromEntries(names.map((name): [string, Json] => [name, cluster(name, [])]));
      pusher.push(resourceTypes.cluster, clusters);
      const last = `cluster.${names.at(-1) ?? ''}.`;
      await until(async () => (await namesOf(adminPort)).some((name) => name.startsWith(last)));
      for (const [at, name] of names.entries()) {
        const client = clients[at % clients.length];
        client?.send(`GET / HTTP/1.1\r\nhost: a\r\nx-cluster: ${name}\r\n\r\n`);
        assert.equal((await client?.answer())?.status, 503);
      }
      const counted = new Set(
        (await namesOf(adminPort)).flatMap(
          (name) => /^cluster\.(.+)\.upstream_cx_none_healthy$/.exec(name)?.[1] ?? [],
        ),
      );
      assert.deepEqual(
        names.filter((name) => !counted.has(name)),
        [],
      );
      pusher.push(resourceTypes.cluster, {}, names);
      await until(async () => (await namesOf(adminPort)).length === before.length);
      assert.deepEqual(await namesOf(adminPort), before);
    }
  } finally {
    for (const client of clients) client.close();
    await sidecar.stop();
    pusher.server.kill();
  }
});
