import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { createAbuseUpstream } from '../abuse/abuse-upstream.ts';
import { createHttp2AbuseUpstream } from '../abuse/http2-abuse-upstream.ts';
import { AttackSockets } from '../abuse/attack-sockets.ts';
import type { Attack } from '../abuse/attack.ts';
import { attacks } from '../abuse/attacks.ts';
import { certificateFiles } from '../bench/proxies/certificate-files.ts';
import { buildBootstrap } from '../bench/proxies/envoy-bootstrap.ts';
import { benchHost, type Protocols, type ProxySetup } from '../bench/proxies/proxy.ts';
import { createAdmin, type Admin } from '../harness/admin.ts';
import { answersOk, createHarness, until } from '../harness/harness.ts';
import { call } from '../harness/http-call.ts';
import { subjectCommand } from '../harness/subject.ts';

/** A few connections of each attack; `npm run bench -- --only abuse` runs them in full, beside Envoy. */
const mostConnections = 20;
/** Of others, one after the other, while an attack lasts. */
const requestCount = 20;
/** A megabyte for each connection and direction is what the buffer limit allows; the rest is the heap's own business. */
const mostGrownBytes = (2 * mostConnections + 150) * 1024 * 1024;

test('others are served during each attack, memory stays bounded, and nothing is left behind', async (t) => {
  await using harness = createHarness('abuse');
  const good = createServer((_request, response) => response.end('hello'));
  const upstreamPort = await listen(good);
  const abused = createAbuseUpstream();
  const abuseUpstreamPort = await listen(abused);
  const abusedOverHttp2 = createHttp2AbuseUpstream();
  const abuseHttp2UpstreamPort = await listen(abusedOverHttp2);
  const abusedSockets = new Set<Socket>();
  for (const server of [abused, abusedOverHttp2]) {
    server.on('connection', (socket: Socket) => {
      abusedSockets.add(socket);
      socket.once('close', () => abusedSockets.delete(socket));
    });
  }
  harness.onEnd(() => {
    good.close();
    good.closeAllConnections();
    abused.close();
    abusedOverHttp2.close();
    // One that has stopped reading does not notice that the sidecar is gone.
    for (const socket of abusedSockets) socket.destroy();
    return Promise.resolve();
  });
  const [port = 0, adminPort = 0] = await findFreePorts(2);
  const file = path.join(harness.folder, 'sidecar.json');
  const protocols: Protocols = { downstream: 'auto', upstream: 'http1' };
  const ports = { port, adminPort, upstreamPort, abuseUpstreamPort, abuseHttp2UpstreamPort };
  const certificates = certificateFiles(harness.folder);
  const setup: ProxySetup = { ...ports, protocols, certificates, unusedClusters: 0 };
  mkdirSync(harness.folder, { recursive: true });
  writeFileSync(file, JSON.stringify(buildBootstrap(setup, { isTuned: false })));
  const sidecar = await harness.start({ name: 'sidecar', command: subjectCommand(file, 1) }, () =>
    answersOk(port, '/', benchHost),
  );
  const admin = createAdmin(adminPort);
  /** Requests whose client went while it was not read: `stream_idle_timeout` is what ends them, as with Envoy. */
  let unnoticedCount = 0;
  for (const attack of attacks) {
    await t.test(attack.name, async () => {
      const before = residentBytes(sidecar.pid);
      const noticedBefore = await noticedCount(admin, attack);
      const sockets = new AttackSockets(port);
      const connections = Math.min(attack.connections, mostConnections);
      try {
        attack.start({ port, host: benchHost }, sockets, connections);
        await until('the attack is under way', () => sockets.openedCount >= connections);
        for (let count = 0; count < requestCount; count++) {
          const asked = attack.othersPath ?? '/';
          const answer = await call(port, asked, { host: benchHost, timeoutMs: 10_000 });
          assert.match(`${answer.status} ${answer.body}`, /^200 hello/);
        }
        if (attack.noticedBy !== undefined) {
          await until(
            `one of ${attack.noticedBy.join(', ')} counts it`,
            async () => (await noticedCount(admin, attack)) > noticedBefore,
          );
        }
        // Garbage of a second at full speed may lie about; the attack goes on, and what is kept stays.
        await until('memory is within its bound', () => residentBytes(sidecar.pid) - before < mostGrownBytes);
      } finally {
        sockets.close();
      }
      if (attack.name === 'stalled-upstream') unnoticedCount = connections;
      await until('the sidecar has ended the requests of the attack', async () => {
        const active = await Promise.all([
          admin.stat('cluster.abused.upstream_rq_active'),
          admin.stat('cluster.abused-http2.upstream_rq_active'),
        ]);
        return active.reduce((sum, count) => sum + count) <= unnoticedCount;
      });
    });
  }
});

async function noticedCount(admin: Admin, { noticedBy = [] }: Attack): Promise<number> {
  const found = await Promise.all(noticedBy.map((name) => admin.stats(name)));
  return found.flatMap((stats) => [...stats.values()]).reduce((sum, value) => sum + value, 0);
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function residentBytes(pid: number | undefined): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}
