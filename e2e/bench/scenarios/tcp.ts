import { startLargeBodyUpstream } from '../load/start-large-body-upstream.ts';
import { startSmallUpstream } from '../load/small-upstream.ts';
import { oneMebibytePost, runLoad } from '../load/wrk.ts';
import { measureRate } from '../measure-rate.ts';
import { createBareSockets } from '../proxies/bare-sockets.ts';
import type { Scenario } from '../scenario.ts';
import { createStage } from '../stage.ts';

const protocols = { downstream: 'tcp', upstream: 'tcp' } as const;
const [smallConnections, largeConnections] = [64, 16];

/** The bytes are HTTP's, which the proxies do not know. */
export const tcpSmall: Scenario = {
  name: 'tcp-small',
  summary: 'the load of http1-small through TCP proxies',
  async run(options) {
    await using stage = createStage(options.folder);
    const upstreamPort = await startSmallUpstream(stage, options.folder);
    const load = (port: number, seconds: number) => runLoad({ port, connections: smallConnections, seconds });
    const others = [createBareSockets()];
    return await measureRate({ name: 'tcp-small', upstreamPort, protocols, others, load }, stage, options);
  },
};

/** Bytes of both directions together. */
export const tcpLarge: Scenario = {
  name: 'tcp-large',
  summary: 'the load of http1-large through TCP proxies',
  async run(options) {
    await using stage = createStage(options.folder);
    const upstreamPort = await startLargeBodyUpstream(stage);
    const load = (port: number, seconds: number) =>
      runLoad({ port, connections: largeConnections, seconds, script: oneMebibytePost });
    return await measureRate(
      { name: 'tcp-large', upstreamPort, protocols, load, mebibytesPerRequest: 2 },
      stage,
      options,
    );
  },
};
