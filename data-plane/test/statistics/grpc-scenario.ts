import { Agent, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { startHttpServer } from '../../src/upstream/testing/upstream-server.ts';
import { frame } from '../../src/downstream/testing/filter-run.ts';
import { cluster, listener, manager, type Json } from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';

const filters = 'type.googleapis.com/envoy.extensions.filters.http';
const stats = (fields: Json): Json => ({
  name: 'stats',
  typed_config: { '@type': `${filters}.grpc_stats.v3.FilterConfig`, enable_upstream_stats: true, ...fields },
});
const web: Json = { name: 'web', typed_config: { '@type': `${filters}.grpc_web.v3.GrpcWeb` } };
const router: Json = { name: 'router', typed_config: { '@type': `${filters}.router.v3.Router` } };

/** More than are counted by name. */
const methodCount = 1_001;
const ends = ['success', 'failure', 'total', '<grpc_status>'];
const ofCalls = [...ends, 'request_message_count', 'response_message_count', 'upstream_rq_time'];
const named = (names: readonly string[]): string[] => names.map((name) => `<service>.<method>.${name}`);

/** Calls of gRPC and gRPC-Web that succeed and fail, counted by name and without. */
export async function runGrpcScenario(movements: Movements): Promise<void> {
  const upstream = await startHttpServer(({ url }, answer) => {
    const isBad = url?.startsWith('/bad') === true;
    // Timed is what ends with its head or with trailers.
    const body = isBad ? '' : frame('x');
    answer.writeHead(200, {
      'content-type': 'application/grpc',
      'grpc-status': isBad ? '5' : '0',
      'content-length': body.length,
    });
    answer.end(body);
  });
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'c' } }];
  const withNames = { http_filters: [web, stats({ stats_for_all_methods: true }), router] };
  const sidecar = await startSidecarProcess(
    {
      static_resources: {
        clusters: [cluster('c', [upstream.port])],
        listeners: [
          listener('named', manager('named', routes, withNames)),
          listener('unnamed', manager('unnamed', routes, { http_filters: [stats({}), router] })),
        ],
      },
    },
    { argv: ['--concurrency', '1'] },
  );
  const run = new ScenarioRun(sidecar, movements);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const call = async (port: number, path: string, type = 'application/grpc'): Promise<void> => {
    const headers = { 'content-type': type };
    const asked = request({ port, host: '127.0.0.1', method: 'POST', path, headers, agent });
    asked.end(frame('hello'));
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    await answer.resume().toArray();
  };
  try {
    for (const name of ['named', 'unnamed']) {
      const port = await sidecar.portOf(name);
      for (const service of ['good', 'bad']) await call(port, `/${service}/method`);
    }
    const port = await sidecar.portOf('named');
    for (const service of ['good', 'bad']) await call(port, `/${service}/method`, 'application/grpc-web');
    for (let index = 0; index < methodCount; index++) {
      await call(port, `/good/m${index}`, 'application/grpc-web');
    }
    await call(port, '/bad/new', 'application/grpc-web');
    await run.untilMoved('cluster.<cluster>.grpc.', ...ofCalls, ...named(ofCalls));
    await run.untilMoved('cluster.<cluster>.grpc-web.', ...ends, ...named(ends));
  } finally {
    agent.destroy();
    await sidecar.stop();
    await upstream.close();
  }
}
