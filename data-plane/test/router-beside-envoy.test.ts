import { test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { inspect, isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import { decodeYaml, resourceTypes } from '../src/config/resources/testing/decode-yaml.ts';
import { findNodeAddress } from '../src/downstream/http/trusted-address.ts';
import { startHttpServer } from '../src/upstream/testing/upstream-server.ts';
import { managers, requestsOf, type ManagerName } from '../src/router/testing/envoy-comparison.ts';
import { startProxy } from '../src/router/testing/proxy.ts';
import { exchange, type RawAnswer } from '../src/router/testing/raw-client.ts';
import { buildTable } from '../src/router/testing/route-fixtures.ts';
import type { Json } from './statistics/bootstrap-parts.ts';
import { runEnvoy } from './statistics/envoy-process.ts';
import { isAccepting } from './statistics/sidecar-process.ts';

const envoy = usePeer('envoy');
const names = Object.keys(managers) as ManagerName[];

interface Outcome {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
  /** What the upstream got; empty when nothing reached it. */
  readonly upstream: readonly string[];
}

/** Differs from run to run, or is the codec's business. */
const volatileHeaders = new Set([
  'date',
  'x-envoy-upstream-service-time',
  'transfer-encoding',
  'content-length',
]);

test(
  'a real Envoy and this proxy do the same with the same routes and requests',
  { skip: envoy.skip },
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'envoy-comparison-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const differences: object[] = [];
    let received: string[] = [];
    const upstream = await startHttpServer((request, answer) => {
      received = [`${request.method ?? ''} ${request.url ?? ''}`];
      for (let index = 0; index < request.rawHeaders.length; index += 2) {
        const name = (request.rawHeaders[index] ?? '').toLowerCase();
        const value = name === 'x-request-id' ? 'some' : request.rawHeaders[index + 1];
        if (name !== 'connection' && name !== 'transfer-encoding') received.push(`${name}: ${value ?? ''}`);
      }
      answer.setHeader('x-upstream', ['1', '2']);
      answer.setHeader('server', 'upstream');
      const status = /[?&]status=(\d+)/.exec(request.url ?? '')?.[1];
      answer.statusCode = Number(status ?? '200');
      answer.end('upstream');
    });
    t.after(() => upstream.close());

    const ports = await findFreePorts(names.length);
    const logOf = (name: string, whose: string): string => join(directory, `${whose}-${name}.log`);
    const listeners = names.map((name, index) => listenerOf(name, ports[index] ?? 0, logOf(name, 'envoy')));
    const program = runEnvoy(envoy.path, bootstrapOf(listeners, upstream.port));
    t.after(() => program.stop());

    for (const [index, name] of names.entries()) {
      const envoyPort = ports[index] ?? 0;
      await program.until(() => isAccepting(envoyPort));
      const ownListener = decodeYaml(
        resourceTypes.listener,
        JSON.stringify(listenerOf(name, 0, logOf(name, 'own'))),
      );
      const own = await startProxy(t, buildTable([]), {
        listener: ownListener,
        clusters: { c: [upstream.port], d: [upstream.port] },
        nodeAddress: findNodeAddress(),
      });
      const run = async (port: number, head: string): Promise<Outcome> => {
        received = [];
        const answer = await exchange(port, head);
        return outcomeOf(answer, received);
      };
      const requests = requestsOf(name);
      for (const head of requests) {
        const expected = await run(envoyPort, head);
        const actual = await run(own.port, head);
        if (!isDeepStrictEqual(actual, expected)) differences.push({ name, head, expected, actual });
      }
      own.closeLogs();
      const linesOf = (whose: string): string[] => readFileSync(logOf(name, whose), 'utf8').split('\n');
      while (linesOf('envoy').length <= requests.length)
        await new Promise((resolve) => setImmediate(resolve));
      const ownLines = linesOf('own');
      for (const [at, expected] of linesOf('envoy').entries()) {
        const actual = ownLines[at];
        if (actual !== expected) differences.push({ name, head: requests[at], expected, actual });
      }
    }
    assert.equal(differences.length, 0, inspect(differences, { depth: 5, breakLength: 140 }));
  },
);

function outcomeOf(answer: RawAnswer, upstream: readonly string[]): Outcome {
  const headers = answer.headers
    .filter(([name]) => !volatileHeaders.has(name))
    .map(([name, value]) => `${name}: ${value}`);
  const [requestLine, ...fields] = upstream;
  return {
    status: answer.status,
    headers: headers.sort(),
    body: answer.body,
    upstream: requestLine === undefined ? [] : [requestLine, ...fields.sort()],
  };
}

function listenerOf(name: ManagerName, port: number, logPath: string): object {
  const { routeConfig, ...settings } = managers[name];
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [
      {
        filters: [
          {
            name: 'manager',
            typed_config: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: name,
              route_config: { name: 'table', ...routeConfig },
              http_filters: [
                {
                  name: 'router',
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                    suppress_envoy_headers: name === 'suppressing',
                  },
                },
              ],
              access_log: [
                {
                  name: 'file',
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
                    path: logPath,
                    log_format: { text_format_source: { inline_string: logFormat } },
                  },
                },
              ],
              ...settings,
            },
          },
        ],
      },
    ],
  };
}

const logFormat =
  '%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %REQ(:PATH)% %REQ(:AUTHORITY)% %PROTOCOL% %RESPONSE_CODE% ' +
  '%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG% %RESPONSE_CODE_DETAILS% %BYTES_RECEIVED% %BYTES_SENT% %ROUTE_NAME% ' +
  '%UPSTREAM_CLUSTER% %REQ(USER-AGENT):3% %REQ(X-NONE)% %RESP(X-UPSTREAM)% %GRPC_STATUS% ' +
  '%UPSTREAM_REQUEST_ATTEMPT_COUNT% %PATH(NQ)% %QUERY_PARAM(a)% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% ' +
  '%UPSTREAM_HOSTS_ATTEMPTED% %CLUSTER_METADATA(n:key)% ' +
  '%CUSTOM_FLAGS% %ROUNDTRIP_DURATION% %UPSTREAM_SERVER_NAME%\n';

function bootstrapOf(listeners: readonly object[], upstreamPort: number): Json {
  const cluster = (name: string): object => ({
    name,
    connect_timeout: '5s',
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: [
            { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: upstreamPort } } } },
          ],
        },
      ],
    },
  });
  return { static_resources: { listeners, clusters: [cluster('c'), cluster('d')] } };
}
