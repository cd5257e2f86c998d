import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import { parsePrometheusText, type PrometheusFamily } from '@heddle/shared/testing/prometheus-text';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { resourceTypes } from '../../src/config/resources/testing/decode-yaml.ts';
import { describedStats } from '../../src/described-stats.ts';
import { probeAddress } from '../../src/probe-address.ts';
import { exchange, get } from '../../src/router/testing/raw-client.ts';
import { askAdmin } from './ask-admin.ts';
import { startBehavingUpstream } from './behaving-upstream.ts';
import {
  assignment,
  cluster,
  edsCluster,
  endpoint,
  fileLog,
  http2Options,
  httpHealthCheck,
  listener,
  listenerFilter,
  listenerRateLimit,
  manager,
  proxyProtocolFilter,
  route,
  routeConfig,
  socketAddress,
  type Json,
} from './bootstrap-parts.ts';
import { envoyDifferences, envoyOnlyClusterHttp2, envoyOnlyHttp2 } from './envoy-differences.ts';
import { FramePeer } from './frame-peer.ts';
import { startFrameServer } from './frame-server.ts';
import { runEnvoyWithAdmin } from './envoy-process.ts';
import { isAccepting, startSidecarProcess } from './sidecar-process.ts';
import { dynamicResources, XdsPusher } from './xds-pusher.ts';

const envoy = usePeer('envoy');
const again = {
  retry_on: 'retriable-headers',
  num_retries: 1,
  retriable_headers: [{ name: 'x-again', present_match: true }],
};
const routes = [
  route('c', { cluster: 'c' }),
  route('again', { cluster: 'c', retry_policy: again }),
  route('h2', { cluster: 'h2' }),
  { match: { prefix: '/redirect' }, redirect: { path_redirect: '/c' } },
  { match: { prefix: '/direct' }, direct_response: { status: 200 } },
];
const inside = {
  use_remote_address: true,
  internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] },
};

interface Ports {
  readonly outside: number;
  readonly inside: number;
  readonly routed: number;
}

/** What both get: something of everything that is counted without an accident. */
function buildBootstrap(
  ports: Ports,
  { upstreamPort, http2Port, xdsPort }: Readonly<Record<'upstreamPort' | 'http2Port' | 'xdsPort', number>>,
): Json {
  const dynamic = dynamicResources(xdsPort);
  const { clusters } = dynamic['static_resources'] as { clusters: Json[] };
  return {
    ...dynamic,
    static_resources: {
      clusters: [
        ...clusters,
        cluster('c', [upstreamPort], {
          ...httpHealthCheck('/health/c'),
          circuit_breakers: { thresholds: [{ track_remaining: true }] },
        }),
        cluster('h2', [http2Port], http2Options({})),
        cluster('named', [], {
          type: 'STRICT_DNS',
          load_assignment: assignment('named', [
            {
              endpoint: { address: { socket_address: { address: 'localhost', port_value: upstreamPort } } },
            },
          ]),
        }),
      ],
      listeners: [
        listener('outside', manager('outside', routes, { access_log: [fileLog('/dev/null')] }), {
          address: socketAddress(ports.outside),
        }),
        listener('inside', manager('inside', routes, inside), {
          address: socketAddress(ports.inside),
          listener_filters: [
            proxyProtocolFilter({ allow_requests_without_proxy_protocol: true }),
            proxyProtocolFilter({ allow_requests_without_proxy_protocol: true, stat_prefix: 'named' }),
            listenerFilter('http_inspector.v3.HttpInspector'),
            listenerRateLimit(1000),
          ],
        }),
      ],
    },
  };
}

/** A proxy under the same configuration, requests and updates; its text for Prometheus, read strictly. */
async function observe(
  start: (bootstrap: Json) => Promise<{ readonly adminPort: number; stop(): Promise<void> }>,
): Promise<PrometheusFamily[]> {
  const upstream = await startBehavingUpstream();
  const http2Upstream = await startFrameServer((peer, id) => peer.headers(id, [[':status', '200']]));
  const pusher = new XdsPusher();
  await pusher.server.listen();
  const port = async (): Promise<number> => (await probeAddress({ address: '127.0.0.1', port: 0 })).port;
  const ports = { outside: await port(), inside: await port(), routed: await port() };
  const servers = {
    upstreamPort: upstream.port,
    http2Port: http2Upstream.port,
    xdsPort: pusher.server.port,
  };
  const proxy = await start(buildBootstrap(ports, servers));
  const untilSaid = async (pattern: RegExp): Promise<void> => {
    for (;;) {
      // The admin interface may not listen yet.
      const text = await askAdmin(proxy.adminPort, '/stats/prometheus?text_readouts').catch(() => '');
      if (pattern.test(text)) return;
      await sleep(systemClock, 20);
    }
  };
  try {
    await pusher.connected();
    await pusher.asked(resourceTypes.cluster);
    pusher.push(resourceTypes.cluster, { e: edsCluster('e') });
    await pusher.asked(resourceTypes.endpoints, 'e');
    pusher.push(resourceTypes.endpoints, { e: assignment('e', [endpoint(upstream.port)]) });
    await pusher.asked(resourceTypes.listener);
    pusher.push(resourceTypes.listener, {
      routed: listener('routed', manager('routed', 'table'), { address: socketAddress(ports.routed) }),
    });
    await pusher.asked(resourceTypes.routeTable, 'table');
    pusher.push(resourceTypes.routeTable, { table: routeConfig('table', [route('e', { cluster: 'e' })]) });
    await untilSaid(/envoy_http_rds_config_reload\{.*\} 1\n/);
    for (const port of Object.values(ports)) while (!(await isAccepting(port))) await sleep(systemClock, 20);
    for (const at of [ports.outside, ports.inside]) {
      for (const status of ['200', '302', '404', '503']) {
        await get(at, `/c/status/${status}/canary`);
        await get(at, `/again/status/${status}/again`);
      }
      await get(at, '/redirect');
      await get(at, '/direct');
      await exchange(at, 'GET /nowhere HTTP/1.1\nhost: a');
    }
    await get(ports.routed, '/e/status/200');
    const client = await FramePeer.open(ports.outside);
    client.get(1, '/h2/');
    await untilSaid(/envoy_cluster_upstream_rq_completed\{envoy_cluster_name="h2"\} 1\n/);
    client.close();
    await untilSaid(/envoy_cluster_health_check_success\{.*\} [1-9]/);
    // Histograms of Envoy appear at its next flush.
    await untilSaid(/envoy_cluster_external_upstream_rq_time_count\{.*\} [1-9]/);
    return parsePrometheusText(await askAdmin(proxy.adminPort, '/stats/prometheus?text_readouts'));
  } finally {
    await proxy.stop();
    pusher.server.kill();
    await upstream.close();
    await http2Upstream.close();
  }
}

const startEnvoy = (bootstrap: Json) =>
  runEnvoyWithAdmin(envoy.path, { stats_flush_interval: '0.2s', ...bootstrap });

/** `name type {labels}` of every kind of series, without what is different by nature: values and bounds. */
function describe(families: readonly PrometheusFamily[]): Map<string, string> {
  return new Map(
    families.map(({ name, type, samples }) => {
      const kinds = samples.map(({ labels }) =>
        [...labels.keys()]
          .filter((label) => label !== 'le')
          .sort()
          .join(','),
      );
      return [name, `${type} {${[...new Set(kinds)].sort().join('} {')}}`];
    }),
  );
}

function valueOf(families: readonly PrometheusFamily[], name: string): number | undefined {
  return families.find((family) => family.name === name)?.samples[0]?.value;
}

test(
  'names, types and labels for Prometheus are those of Envoy, except for what the page says',
  { skip: envoy.skip },
  async () => {
    const [sidecar, other] = await Promise.all([observe(startSidecarProcess), observe(startEnvoy)]);
    for (const name of ['envoy_listener_manager_lds_version', 'envoy_http_rds_version']) {
      assert.equal(valueOf(sidecar, name), valueOf(other, name), name);
    }
    const [ours, theirs] = [describe(sidecar), describe(other)];
    const differences: string[] = [];
    for (const [name, description] of ours) {
      const inEnvoy = theirs.get(name);
      if (inEnvoy === undefined) differences.push(name);
      else if (inEnvoy !== description) differences.push(`${name}: ${description}, in Envoy ${inEnvoy}`);
    }
    assert.deepEqual(differences.sort(), envoyDifferences.map(({ name }) => name).sort());
    const missing = ['envoy_http2_', 'envoy_cluster_http2_'].map((prefix) =>
      [...theirs.keys()]
        .filter((name) => name.startsWith(prefix) && !ours.has(name))
        .map((name) => name.slice(prefix.length))
        .sort(),
    );
    const listed = envoyOnlyHttp2.map(({ name }) => name);
    const listedOfClusters = envoyOnlyClusterHttp2.map(({ name }) => name);
    assert.deepEqual(missing, [listed.sort(), [...listed, ...listedOfClusters].sort()]);
    // It was no empty comparison.
    assert.ok(ours.size > 150 && describedStats.length > 20, String(ours.size));
  },
);
