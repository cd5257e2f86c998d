import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { systemClock } from '@heddle/shared/time/clock';
import { Cell } from './cell.ts';
import { endings } from './cases/endings.ts';
import { informationalCases } from './cases/informational.ts';
import { messages } from './cases/messages.ts';
import { tunnels } from './cases/tunnels.ts';
import { createHttp1Client } from './http1-client.ts';
import { createHttp2Client } from './http2-client.ts';
import { startSubject, subjects, type RunningProxy } from './subjects.ts';
import { startUpstream } from './upstream.ts';

/** What comes with a TLS handshake is a further entry here, with a client of its own. */
const downstreams = { http1: createHttp1Client, http2: createHttp2Client } as const;
const upstreamNames = ['http1', 'http2'] as const;
const cases = [...messages, ...informationalCases, ...endings, ...tunnels];

for (const subject of subjects) {
  test(`every protocol to every other: ${subject.name}`, { skip: subject.skip }, async (t) => {
    const upstreams = { http1: await startUpstream('http1'), http2: await startUpstream('http2') };
    t.after(() => Promise.all(Object.values(upstreams).map((upstream) => upstream.close())));
    const ports = { http1: upstreams.http1.port, http2: upstreams.http2.port };
    const proxy = await startSubject(subject, ports);
    t.after(() => proxy.stop());
    for (const downstream of ['http1', 'http2'] as const) {
      for (const upstream of upstreamNames) {
        await t.test(`${downstream} to ${upstream}`, async (t) => {
          for (const { name, run } of cases) {
            await t.test(name, async () => {
              const client = downstreams[downstream](proxy.port);
              try {
                await run(
                  new Cell({
                    client,
                    downstreamProtocol: downstream,
                    upstream: upstreams[upstream],
                    upstreamProtocol: upstream,
                    passesEarlyHints: subject.passesEarlyHints,
                  }),
                );
              } finally {
                client.close();
                upstreams[upstream].forget();
              }
              await untilNothingIsLeft(proxy, upstream);
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
