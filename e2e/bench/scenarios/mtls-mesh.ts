import { startSmallUpstream } from '../load/small-upstream.ts';
import { runLoad } from '../load/wrk.ts';
import { measureRate } from '../measure-rate.ts';
import { http1 } from '../proxies/proxy.ts';
import { startMesh } from '../proxies/start-proxy.ts';
import type { Scenario } from '../scenario.ts';
import { createStage } from '../stage.ts';

const connections = 64;

export const mtlsMesh: Scenario = {
  name: 'mtls-mesh',
  summary: 'as http1-small, through two sidecars on one core with mutual TLS 1.3 between them',
  async run(options) {
    await using stage = createStage(options.folder);
    const upstreamPort = await startSmallUpstream(stage, options.folder);
    return await measureRate(
      {
        name: 'mtls-mesh',
        upstreamPort,
        protocols: { ...http1, upstreamTls: 'mutual' },
        load: (port, seconds) => runLoad({ port, connections, seconds }),
        start: (proxy) => startMesh(stage, options.folder, proxy, upstreamPort),
      },
      stage,
      options,
    );
  },
};
