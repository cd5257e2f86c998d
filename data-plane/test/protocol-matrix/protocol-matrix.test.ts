import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { systemClock } from '@heddle/shared/time/clock';
import { Cell } from './cell.ts';
import { endings } from './cases/endings.ts';
import { informationalCases } from './cases/informational.ts';
import { messages } from './cases/messages.ts';
import { tunnels } from './cases/tunnels.ts';
import type { Client } from './client.ts';
import { createHttp1Client } from './http1-client.ts';
import { createHttp2Client } from './http2-client.ts';
import { protocols, type Protocol } from './protocols.ts';
import { startSubject, subjects, type RunningProxy } from './subjects.ts';
import { startUpstream } from './upstream.ts';

const cases = [...messages, ...informationalCases, ...endings, ...tunnels];

function connectTo({ port, securePort }: RunningProxy, { http, isSecure }: Protocol): Client {
  const create = http === 'http1' ? createHttp1Client : createHttp2Client;
  return create(isSecure ? securePort : port, isSecure);
}

for (const subject of subjects) {
  test(`every protocol to every other: ${subject.name}`, { skip: subject.skip }, async (t) => {
    const upstreams = await Promise.all(protocols.map(startUpstream));
    t.after(() => Promise.all(upstreams.map((upstream) => upstream.close())));
    const proxy = await startSubject(subject, upstreams);
    t.after(() => proxy.stop());
    for (const downstreamProtocol of protocols) {
      for (const upstream of upstreams) {
        const upstreamProtocol = upstream.protocol;
        await t.test(`${downstreamProtocol.name} to ${upstreamProtocol.name}`, async (t) => {
          for (const { name, run } of cases) {
            await t.test(name, async () => {
              const client = connectTo(proxy, downstreamProtocol);
              const { passesEarlyHints } = subject;
              const fields = { client, downstreamProtocol, upstream, upstreamProtocol, passesEarlyHints };
              try {
                await run(new Cell(fields));
              } finally {
                client.close();
                upstream.forget();
              }
              await untilNothingIsLeft(proxy, upstreamProtocol.name);
            });
          }
        });
      }
    }
    assert.equal(await proxy.stat('http.matrix.downstream_cx_protocol_error'), 0);
  });
}

async function untilNothingIsLeft(proxy: RunningProxy, upstream: string): Promise<void> {
  const gauges = ['http.matrix.downstream_rq_active', `cluster.${upstream}.upstream_rq_active`];
  await waitUntil(
    `${gauges.join(' and ')} are 0`,
    async () => (await Promise.all(gauges.map((gauge) => proxy.stat(gauge)))).every((value) => value === 0),
    { clock: systemClock, deadlineMs: 10_000, intervalMs: 10 },
  );
}
