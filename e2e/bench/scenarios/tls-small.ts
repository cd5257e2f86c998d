import { startSmallUpstream } from '../load/small-upstream.ts';
import { runLoad } from '../load/wrk.ts';
import { measureRate } from '../measure-rate.ts';
import { http1 } from '../proxies/proxy.ts';
import type { Scenario } from '../scenario.ts';
import { createStage } from '../stage.ts';

const connections = 64;

export const tlsSmall: Scenario = {
  name: 'tls-small',
  summary: 'as http1-small, over TLS 1.3 from the client and in the clear to the upstream',
  async run(options) {
    await using stage = createStage(options.folder);
    const upstreamPort = await startSmallUpstream(stage, options.folder);
    const load = (port: number, seconds: number) =>
      runLoad({ port, connections, seconds, tlsFolder: options.folder });
    const protocols = { ...http1, downstreamTls: 'server' } as const;
    return await measureRate({ name: 'tls-small', upstreamPort, protocols, load }, stage, options);
  },
};
