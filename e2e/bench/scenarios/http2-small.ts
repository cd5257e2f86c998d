import { runHttp2Load } from '../load/h2load.ts';
import { startHttp2Upstream } from '../load/http2-upstream.ts';
import { measureRate } from '../measure-rate.ts';
import type { Scenario } from '../scenario.ts';
import { createStage } from '../stage.ts';

const [connections, streams] = [8, 32];

export const http2Small: Scenario = {
  name: 'http2-small',
  summary: 'HTTP/2 on both sides, 8 connections × 32 streams, GET, small answers',
  async run(options) {
    await using stage = createStage(options.folder);
    const { port: upstreamPort } = await startHttp2Upstream(stage, options.folder);
    const load = (port: number, seconds: number) => runHttp2Load({ port, connections, streams, seconds });
    const protocols = { downstream: 'http2', upstream: 'http2' } as const;
    return await measureRate({ name: 'http2-small', upstreamPort, protocols, load }, stage, options);
  },
};
