import { runHttp2Load } from '../load/h2load.ts';
import { startSmallUpstream } from '../load/small-upstream.ts';
import { measureRate } from '../measure-rate.ts';
import type { Scenario } from '../scenario.ts';
import { createStage } from '../stage.ts';

const [connections, streams] = [8, 32];

export const http2Http1: Scenario = {
  name: 'http2-http1',
  summary: 'HTTP/2 in, HTTP/1.1 out, 8 connections × 32 streams, GET, small answers',
  async run(options) {
    await using stage = createStage(options.folder);
    const upstreamPort = await startSmallUpstream(stage, options.folder);
    const load = (port: number, seconds: number) => runHttp2Load({ port, connections, streams, seconds });
    const protocols = { downstream: 'http2', upstream: 'http1' } as const;
    return await measureRate({ name: 'http2-http1', upstreamPort, protocols, load }, stage, options);
  },
};
