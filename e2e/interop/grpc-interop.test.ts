import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import { createHarness, until } from '../harness/harness.ts';
import { buildInteropProgram, type InteropProgram } from './grpc-interop/interop-program.ts';
import { startHttpProxy, type HttpProxy } from './http-proxy.ts';

const go = usePeer('go');
let program: InteropProgram | undefined;
before(async () => {
  if (go.skip === false) program = await buildInteropProgram(go.path);
});
after(() => program?.[Symbol.dispose]());

const ways = { directly: 0, 'through one sidecar': 1, 'through two sidecars': 2 };

for (const [way, proxyCount] of Object.entries(ways)) {
  test(`gRPC's own interoperability tests pass ${way}`, { skip: go.skip }, async (t) => {
    assert.ok(program);
    await using harness = createHarness(`grpc-interop-${proxyCount}`);
    let port = await program.startServer(harness);
    const proxies: HttpProxy[] = [];
    for (let index = 0; index < proxyCount; index++) {
      const proxy = await startHttpProxy(harness, { id: `proxy-${index}`, upstreamPort: port });
      proxies.push(proxy);
      port = proxy.port;
    }
    const names = await program.cases();
    for (const name of names) await t.test(name, () => program?.runCase(name, port));
    for (const { admin } of proxies) {
      const taken = await admin.stat('http.interop.downstream_rq_http2_total');
      assert.ok(taken >= names.length, `a sidecar saw ${taken} calls`);
      assert.ok((await admin.stat('cluster.upstream.upstream_cx_http2_total')) > 0);
      await until('no call is left', async () => {
        const gauges = ['http.interop.downstream_rq_active', 'cluster.upstream.upstream_rq_active'];
        return (await Promise.all(gauges.map((gauge) => admin.stat(gauge)))).every((value) => value === 0);
      });
    }
  });
}
