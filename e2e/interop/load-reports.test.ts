import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { findEnvoy } from '@heddle/shared/testing/peers';
import type { ClusterStats, LoadStatsRequest } from '@heddle/shared/xds/api';
import { createLoadStatsService } from '@heddle/shared/xds/load-stats-service';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { answersOk, createHarness, until, type Harness } from '../harness/harness.ts';
import { call } from '../harness/http-call.ts';
import { instance, service } from '../harness/objects.ts';
import {
  startControlPlane,
  startEnvoy,
  startService,
  startSidecar,
  untilReachable,
} from '../harness/parts.ts';
import { planeProgram } from '../harness/plane-program.ts';

const envoy = findEnvoy();
const skip = envoy === undefined ? 'no envoy on PATH or in ENVOY_BIN' : false;
const api = loadApi();

/** What each node reported, message by message. */
interface Reports {
  readonly port: number;
  readonly byNode: Map<string, ClusterStats[][]>;
}

/** A server, behind TLS, that asks for one cluster, endpoint by endpoint. */
async function startLoadServer(context: TestContext): Promise<Reports> {
  const byNode = new Map<string, ClusterStats[][]>();
  const server = new Server();
  server.addService(createLoadStatsService(api), {
    StreamLoadStats(stream: ServerDuplexStream<LoadStatsRequest, object>) {
      let reports: ClusterStats[][] | undefined;
      stream.on('data', ({ node, clusterStats }: LoadStatsRequest) => {
        if (reports === undefined) {
          byNode.set(node?.id ?? '', (reports = []));
          assert.equal(clusterStats.length, 0);
          stream.write({
            clusters: ['app'],
            loadReportingInterval: { nanos: 300_000_000 },
            reportEndpointGranularity: true,
          });
        } else reports.push([...clusterStats]);
      });
      stream.on('error', () => undefined);
      stream.on('end', () => stream.end());
    },
  });
  const { pem, privateKeyPem } = createCertificate();
  const credentials = ServerCredentials.createSsl(null, [
    { private_key: Buffer.from(privateKeyPem), cert_chain: Buffer.from(pem) },
  ]);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    }),
  );
  context.after(() => server.forceShutdown());
  return { port, byNode };
}

/** Answers 503 to `/fail`, 200 to the rest. */
async function startApplication(context: TestContext): Promise<number> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/fail' ? 503 : 200).end('ok');
  }).listen(0, '127.0.0.1');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

interface FileOptions {
  readonly id: string;
  readonly lrsPort: number;
  readonly appPorts: readonly number[];
}

function bootstrap({ id, lrsPort, appPorts }: FileOptions, listenPort: number, adminPort: number): object {
  const address = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const endpoint = (port: number): object => ({ endpoint: { address: address(port) } });
  const http2 = {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  };
  const manager = {
    '@type':
      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'in',
    route_config: {
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'app' } }] },
      ],
    },
    http_filters: [
      {
        name: 'router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  return {
    node: { id, cluster: 'interop' },
    admin: { address: address(adminPort) },
    cluster_manager: {
      load_stats_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'lrs' } }],
      },
    },
    static_resources: {
      listeners: [
        {
          name: 'in',
          address: address(listenPort),
          filter_chains: [{ filters: [{ name: 'hcm', typed_config: manager }] }],
        },
      ],
      clusters: [
        {
          name: 'lrs',
          transport_socket: {
            name: 'tls',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
              common_tls_context: { alpn_protocols: ['h2'] },
            },
          },
          typed_extension_protocol_options: http2,
          load_assignment: { cluster_name: 'lrs', endpoints: [{ lb_endpoints: [endpoint(lrsPort)] }] },
        },
        {
          name: 'app',
          load_assignment: {
            cluster_name: 'app',
            endpoints: appPorts.map((port, i) => ({
              locality: { region: 'r', zone: `zone-${i}` },
              lb_endpoints: [endpoint(port)],
            })),
          },
        },
        {
          name: 'other',
          load_assignment: { cluster_name: 'other', endpoints: [{ lb_endpoints: [endpoint(appPorts[0]!)] }] },
        },
      ],
    },
  };
}

async function startOnFile(
  harness: Harness,
  command: readonly [string, ...string[]],
  options: FileOptions,
): Promise<number> {
  const [listenPort = 0, adminPort = 0] = await findFreePorts(2);
  mkdirSync(harness.folder, { recursive: true });
  const file = path.join(harness.folder, `${options.id}.json`);
  writeFileSync(file, JSON.stringify(bootstrap(options, listenPort, adminPort), null, 2));
  await harness.start({ name: options.id, command: [...command, '-c', file, '--concurrency', '1'] }, () =>
    answersOk(adminPort, '/ready'),
  );
  return listenPort;
}

/** All reports of a node in one, with ports in place of intervals. */
function sum(reports: readonly ClusterStats[][]): object {
  const localities = new Map<string, Record<string, number>>();
  for (const { upstreamLocalityStats, clusterName, totalDroppedRequests } of reports.flat()) {
    assert.equal(clusterName, 'app');
    assert.equal(totalDroppedRequests, 0);
    for (const one of upstreamLocalityStats) {
      const key = `${one.locality?.zone} ${one.priority}`;
      const known = localities.get(key) ?? { success: 0, error: 0, issued: 0, endpoints: 0 };
      const add = (name: string, amount: number): void => void (known[name] = (known[name] ?? 0) + amount);
      add('success', one.totalSuccessfulRequests);
      add('error', one.totalErrorRequests);
      add('issued', one.totalIssuedRequests);
      for (const endpoint of one.upstreamEndpointStats) {
        const port = endpoint.address?.socketAddress?.portValue ?? 0;
        add(`${port} success`, endpoint.totalSuccessfulRequests);
        add(`${port} error`, endpoint.totalErrorRequests);
        add(`${port} issued`, endpoint.totalIssuedRequests);
      }
      localities.set(key, known);
    }
  }
  return Object.fromEntries([...localities].sort());
}

test('a sidecar and a real Envoy report the same load of the same requests', { skip }, async (context) => {
  await using harness = createHarness('load-reports');
  const reports = await startLoadServer(context);
  const appPorts = [await startApplication(context), await startApplication(context)];
  const common = { lrsPort: reports.port, appPorts };
  const programs: readonly (readonly [id: string, command: readonly [string, ...string[]]])[] = [
    ['sidecar', ['node', ...planeProgram('data-plane')]],
    ['envoy', [envoy ?? '', '--disable-hot-restart']],
  ];
  for (const [id, command] of programs) {
    const port = await startOnFile(harness, command, { ...common, id });
    await until(`${id} was asked for its load`, () => (reports.byNode.get(id)?.length ?? 0) > 0);
    for (let i = 0; i < 40; i++) await call(port, i % 5 === 4 ? '/fail' : '/ok');
    await until(`${id} has reported all requests`, () => {
      const totals = Object.values(sum(reports.byNode.get(id) ?? [])) as { readonly issued: number }[];
      return totals.reduce((total, { issued }) => total + issued, 0) === 40;
    });
  }
  const [ours, theirs] = programs.map(([id]) => sum(reports.byNode.get(id) ?? []));
  assert.deepEqual(ours, theirs);
  const intervals = (reports.byNode.get('sidecar') ?? []).flat().map((one) => one.loadReportInterval);
  assert.ok(
    intervals.every((one) => (one?.nanos ?? 0) + (one?.seconds ?? 0) > 0),
    JSON.stringify(intervals),
  );
});

interface Load {
  readonly cluster: string;
  readonly issuedCount: number;
  readonly successCount: number;
  readonly errorCount: number;
  readonly droppedCount: number;
  readonly proxyCount: number;
}

test('the control plane adds up what a sidecar and a real Envoy report', { skip }, async () => {
  await using harness = createHarness('load-board');
  const controlPlane = await startControlPlane(harness, { loadReportIntervalMs: 200 });
  const { port } = await startService(harness);
  await controlPlane.rest.apply(service('cart'), instance('cart', 'cart-1', port));
  const common = { controlPlane, upstreams: ['cart'], reportsLoad: true };
  const proxies = [
    await startSidecar(harness, { ...common, id: 'sidecar' }),
    await startEnvoy(harness, envoy ?? '', { ...common, id: 'envoy' }),
  ];
  for (const proxy of proxies) await untilReachable(proxy, 'cart');
  const readCart = async (): Promise<Load | undefined> => {
    const { items } = (await controlPlane.rest.get('/v1/loads')) as { readonly items: readonly Load[] };
    return items.find(({ cluster }) => cluster === 'cart');
  };
  const before = await until('both report', async () => {
    const load = await readCart();
    return load?.proxyCount === 2 && load.issuedCount >= 2 && load;
  });
  for (const { outboundPort } of proxies)
    for (let i = 0; i < 15; i++) await call(outboundPort, '/', { host: 'cart' });
  const load = await until('all requests are reported', async () => {
    const current = await readCart();
    return current !== undefined && current.issuedCount >= before.issuedCount + 30 && current;
  });
  assert.equal(load.successCount - before.successCount, load.issuedCount - before.issuedCount);
  assert.deepEqual([load.errorCount, load.droppedCount], [0, 0]);
});
