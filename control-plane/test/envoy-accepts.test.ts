import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';

const envoy = usePeer('envoy');
const goldenFolder = new URL('../src/translate/golden/', import.meta.url);

type Json = Record<string, unknown>;

interface Resources {
  readonly clusters: readonly Json[];
  readonly assignments: readonly Json[];
  readonly listeners: readonly Json[];
  readonly routes: readonly Json[];
}

/** The same resources without ADS: endpoints and routes stand where the proxy would ask for them. */
function toBootstrap({ clusters, assignments, listeners, routes }: Resources): Json {
  return {
    static_resources: {
      clusters: clusters.map(({ edsClusterConfig, ...cluster }) => {
        if (edsClusterConfig === undefined) return cluster;
        const loadAssignment = assignments.find(({ clusterName }) => clusterName === cluster['name']);
        assert.ok(loadAssignment, `no endpoints for ${String(cluster['name'])}`);
        return { ...cluster, type: 'STATIC', loadAssignment };
      }),
      listeners: listeners.map((listener) => inlineRoutes(toSocketListener(listener), routes) as Json),
    },
  };
}

/** Envoy's programs have no API listeners, as gRPC clients get them; what is in one they do understand. */
function toSocketListener({ apiListener, ...listener }: Json): Json {
  if (apiListener === undefined) return listener;
  const typedConfig = (apiListener as Json)['apiListener'];
  return {
    ...listener,
    address: { socketAddress: { address: '127.0.0.1', portValue: 0 } },
    filterChains: [{ filters: [{ name: 'http', typedConfig }] }],
  };
}

function inlineRoutes(value: unknown, routes: readonly Json[]): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => inlineRoutes(item, routes));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, child]: [string, unknown]) => {
    if (key !== 'rds') return [key, inlineRoutes(child, routes)];
    const { routeConfigName } = child as { routeConfigName: string };
    const table = routes.find(({ name }) => name === routeConfigName);
    assert.ok(table, `no route table ${routeConfigName}`);
    return ['routeConfig', table];
  });
  return Object.fromEntries(entries) as Json;
}

function readGolden(file: string): Resources {
  const resources = JSON.parse(readFileSync(new URL(file, goldenFolder), 'utf8')) as Json[];
  const ofType = (suffix: string): Json[] =>
    resources
      .filter((resource) => String(resource['@type']).endsWith(suffix))
      .map(({ '@type': _type, ...resource }) => resource);
  return {
    clusters: ofType('.Cluster'),
    assignments: ofType('.ClusterLoadAssignment'),
    listeners: ofType('.Listener'),
    routes: ofType('.RouteConfiguration'),
  };
}

for (const file of readdirSync(goldenFolder)) {
  test(`a real Envoy accepts ${file}`, { skip: envoy.skip }, () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'heddle-golden-'));
    try {
      const bootstrapFile = path.join(folder, 'bootstrap.json');
      writeFileSync(bootstrapFile, JSON.stringify(toBootstrap(readGolden(file))));
      const { status, stderr } = spawnSync(envoy.path, ['--mode', 'validate', '-c', bootstrapFile], {
        encoding: 'utf8',
      });
      assert.equal(status, 0, stderr);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
