import { checkGrpcCall, grpcHeaders } from '../load/grpc-call.ts';
import { runHttp2Load } from '../load/h2load.ts';
import { startHttp2Upstream } from '../load/http2-upstream.ts';
import { measureRate } from '../measure-rate.ts';
import type { Scenario } from '../scenario.ts';
import { createStage } from '../stage.ts';

/** On one connection all wait for each other, and the proxy's core is idle for half of the time. */
const [connections, streams] = [4, 25];

export const grpcUnary: Scenario = {
  name: 'grpc-unary',
  summary: 'gRPC unary calls, 4 connections × 25 calls, messages of five bytes, status in trailers',
  async run(options) {
    await using stage = createStage(options.folder);
    const { port: upstreamPort, message } = await startHttp2Upstream(stage, options.folder);
    const { path, file: bodyFile } = message;
    const headers = Object.entries(grpcHeaders).map(([name, value]) => `${name}: ${value}`);
    return await measureRate(
      {
        name: 'grpc-unary',
        upstreamPort,
        protocols: { downstream: 'http2', upstream: 'grpc' },
        load: (port, seconds) =>
          runHttp2Load({ port, connections, streams, seconds, path, headers, bodyFile }),
        // The load looks at heads only.
        check: (port) => checkGrpcCall(port, message),
      },
      stage,
      options,
    );
  },
};
