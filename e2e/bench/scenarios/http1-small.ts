import { startSmallUpstream } from '../load/small-upstream.ts';
import { runLoad } from '../load/wrk.ts';
import { measureRate } from '../measure-rate.ts';
import { createBareSockets } from '../proxies/bare-sockets.ts';
import type { Scenario } from '../scenario.ts';
import { createStage } from '../stage.ts';

const connections = 64;

/** Beside the peers runs what Node's sockets cost at least. */
export const http1Small: Scenario = {
  name: 'http1-small',
  summary: 'HTTP/1.1 keep-alive, 64 connections, GET, small answers',
  async run(options) {
    await using stage = createStage(options.folder);
    const upstreamPort = await startSmallUpstream(stage, options.folder);
    const load = (port: number, seconds: number) => runLoad({ port, connections, seconds });
    const others = [createBareSockets()];
    return await measureRate({ name: 'http1-small', upstreamPort, others, load }, stage, options);
  },
};
