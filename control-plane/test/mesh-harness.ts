import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { systemClock } from '@heddle/shared/time/clock';
import { startControlPlane, type ControlPlane } from '../src/control-plane.ts';
import type { Settings } from '../src/settings.ts';

export const testSettings: Settings = {
  bindAddress: '127.0.0.1',
  restPort: 0,
  xdsPort: 0,
  registry: { kind: 'embedded', file: ':memory:', isDefault: false },
  registryTimeoutMs: 2_000,
  maxLossPercent: 50,
  lossWindowMs: 60_000,
  debounceQuietMs: 5,
  debounceMaxMs: 50,
  ackTimeoutMs: 5_000,
  loadReportIntervalMs: 10_000,
  stopTimeoutMs: 2_000,
  logLevel: 'silent',
};

export async function startTestControlPlane(settings: Partial<Settings> = {}): Promise<ControlPlane> {
  const dependencies = { clock: systemClock, logger: createSilentLogger(), version: 'test' };
  return startControlPlane({ ...testSettings, ...settings }, dependencies);
}

/** Path of an object in the REST API. */
function pathOf(object: MeshObject): string {
  const { name } = object.metadata;
  switch (object.kind) {
    case 'Service':
      return `/v1/services/${name}`;
    case 'Instance':
      return `/v1/services/${object.metadata.service}/instances/${name}`;
    case 'HTTPRoute':
      return `/v1/routes/${name}`;
    case 'Policy':
      return `/v1/policies/${name}`;
    case 'Secret':
      return `/v1/secrets/${name}`;
  }
}

/** Puts an object over REST and expects success. */
export async function put(controlPlane: ControlPlane, object: MeshObject): Promise<void> {
  const target = pathOf(object);
  const answer = await fetch(`http://127.0.0.1:${controlPlane.restPort}${target}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(object),
  });
  assert.ok(answer.ok, `PUT ${target}: ${answer.status} ${await answer.text()}`);
}

/** Applies objects in one transaction and expects success. */
export async function apply(controlPlane: ControlPlane, objects: readonly MeshObject[]): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${controlPlane.restPort}/v1/apply`, {
    method: 'POST',
    headers: { 'content-type': 'application/yaml' },
    body: objects.map((object) => JSON.stringify(object)).join('\n---\n'),
  });
  assert.ok(answer.ok, `apply: ${answer.status} ${await answer.text()}`);
}

export async function remove(controlPlane: ControlPlane, object: MeshObject): Promise<void> {
  const target = pathOf(object);
  const answer = await fetch(`http://127.0.0.1:${controlPlane.restPort}${target}`, { method: 'DELETE' });
  assert.ok(answer.ok, `DELETE ${target}: ${answer.status} ${await answer.text()}`);
}

export async function get(controlPlane: ControlPlane, target: string): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${controlPlane.restPort}${target}`)).json();
}

interface ProxyAnswer {
  readonly types: readonly { readonly type: string; readonly state: string }[];
}

/** Waits until a proxy has acknowledged everything of the four types that route requests, and holds nothing else. */
export async function untilSynced(controlPlane: ControlPlane, nodeId: string): Promise<void> {
  const synced = ['Cluster', 'ClusterLoadAssignment', 'Listener', 'RouteConfiguration'];
  await untilEqual(
    async () => {
      const { types } = (await get(controlPlane, `/v1/proxies/${nodeId}`)) as ProxyAnswer;
      return types.map(({ type, state }) => `${type} ${state}`).sort();
    },
    synced.map((type) => `${type} synced`),
  );
}

/** A program that answers every request with its name. */
export async function startApp(name: string): Promise<Server & { readonly port: number }> {
  const server = createServer((incoming, answer) => answer.end(`${name} ${incoming.url ?? ''}`));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A GET on a connection of its own; undefined when there is no answer. */
export function ask(port: number, host: string, target = '/'): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const outgoing = request(
      { host: '127.0.0.1', port, path: target, headers: { host }, agent: false },
      (answer) => {
        let body = '';
        answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
        answer.on('error', () => resolve(undefined));
      },
    );
    outgoing.on('error', () => resolve(undefined));
    outgoing.end();
  });
}

/** Asks until the answer has the body; fails with the last answer. */
export async function untilAnswer(
  port: number,
  host: string,
  body: string,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last: Answer | undefined;
  while (performance.now() < deadline) {
    last = await ask(port, host);
    if (last?.status === 200 && last.body === body) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`no answer "${body}" for ${host}; the last was ${JSON.stringify(last)}`);
}

/** Reads until it gets what is expected; fails with the last value. */
export async function untilEqual<T>(read: () => Promise<T>, expected: T, timeoutMs = 5_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last = await read();
  while (!isDeepStrictEqual(last, expected) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    last = await read();
  }
  assert.deepEqual(last, expected);
}

export interface EnvoyOptions {
  /** Before the bootstrap; of an Envoy that runs beside others unless given. */
  readonly argv?: readonly string[];
  /** Of the cluster that leads to the control plane. */
  readonly clusterFields?: object;
  readonly program: string;
  readonly xdsPort: number;
  readonly apiType: 'GRPC' | 'DELTA_GRPC' | 'REST';
  /** Whether every type has a stream of its own; polls have. */
  readonly isSeparate?: boolean;
  readonly nodeId: string;
  readonly heddle: Readonly<Record<string, unknown>>;
}

export interface EnvoyProcess {
  /** What it wrote to stderr so far. */
  log(): string;
  stop(): Promise<void>;
}

/** A real Envoy that gets everything from the control plane. */
export function startEnvoy(options: EnvoyOptions): EnvoyProcess {
  const { program, xdsPort, apiType, nodeId, heddle, isSeparate = false, clusterFields = {} } = options;
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-envoy-'));
  const httpOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const http2Options = {
    [httpOptions]: {
      '@type': `type.googleapis.com/${httpOptions}`,
      explicit_http_config: { http2_protocol_options: {} },
    },
  };
  const to =
    apiType === 'REST'
      ? { cluster_names: ['ads'], refresh_delay: '0.2s' }
      : { grpc_services: [{ envoy_grpc: { cluster_name: 'ads' } }] };
  const apiSource = { api_type: apiType, transport_api_version: 'V3', ...to };
  const source = {
    resource_api_version: 'V3',
    ...(isSeparate ? { api_config_source: apiSource } : { ads: {} }),
  };
  const bootstrap = {
    node: { id: nodeId, cluster: 'test', metadata: { heddle } },
    dynamic_resources: {
      ...(isSeparate ? {} : { ads_config: apiSource }),
      lds_config: source,
      cds_config: source,
    },
    static_resources: {
      clusters: [
        {
          name: 'ads',
          type: 'STATIC',
          ...clusterFields,
          ...(apiType === 'REST' ? {} : { typed_extension_protocol_options: http2Options }),
          load_assignment: {
            cluster_name: 'ads',
            endpoints: [
              {
                lb_endpoints: [
                  {
                    endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: xdsPort } } },
                  },
                ],
              },
            ],
          },
        },
      ],
    },
  };
  const file = path.join(folder, 'bootstrap.json');
  writeFileSync(file, JSON.stringify(bootstrap));
  const { argv = ['--disable-hot-restart', '--log-level', 'warning'] } = options;
  const child: ChildProcess = spawn(program, [...argv, '-c', file, '--concurrency', '1'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  return {
    log: () => log,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      rmSync(folder, { recursive: true });
    },
  };
}
