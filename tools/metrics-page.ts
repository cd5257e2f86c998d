import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describeMetrics } from '../control-plane/src/describe-metrics.ts';
import { describedStats } from '../data-plane/src/described-stats.ts';
import type { StatRow } from '../data-plane/src/stats/describe-stats.ts';
import {
  envoyDifferences,
  envoyOnlyClusterHttp2,
  envoyOnlyHttp2,
  type EnvoyDifference,
} from '../data-plane/test/statistics/envoy-differences.ts';

/** docs/metrics.md: `sh tools/node tools/metrics-page.ts` writes it anew. */
export const metricsPagePath = path.resolve(import.meta.dirname, '../docs/metrics.md');

const intro = `# Metrics

Every statistic that a sidecar and a control plane offer. The page is made from their declarations, and a test lets
every one of them move (\`data-plane/test/statistics/\`, \`control-plane/test/metrics.test.ts\`), so what stands here
exists, and what exists stands here.

## Sidecar

The names are Envoy's. What varies stands in angle brackets: \`<cluster>\` is \`alt_stat_name\` or the name of a cluster,
\`<stat_prefix>\` that of a connection manager, \`<address>\` that of a listener (its \`stat_prefix\`, or its address with
\`_\` for \`:\`), \`<priority>\` is \`default\` or \`high\`, \`<index>\` that of a worker, \`<service>\` and \`<method>\` those
of a gRPC call: a worker counts 1,000 methods of a cluster by name at most, and the others without theirs.

- \`GET /stats\` on the admin interface has them as text, \`?format=json\` as JSON; \`filter\`, \`usedonly\` and \`type\` choose.
- \`GET /stats/prometheus\` has them for Prometheus: \`envoy_\`, dots as \`_\`, what varies as labels (\`envoy_cluster_name\`,
  \`envoy_http_conn_manager_prefix\`, \`envoy_listener_address\`, \`envoy_worker_id\`, \`envoy_response_code\`,
  \`envoy_response_code_class\`, \`envoy_rds_route_config\`, \`envoy_grpc_bridge_service\`, \`envoy_grpc_bridge_method\`). Texts come with \`?text_readouts\`, as a label.
- Counters are sums over all threads, and outlive a worker that dies. A histogram has no line before its first sample.
- Statistics of clusters, listeners and route tables that are gone are gone, too. What was never used may have none yet.
`;

function buildSidecarPart(): string {
  const rows = describedStats.flatMap((description) => description.rows());
  const moving = rows.filter(({ alwaysZeroBecause }) => alwaysZeroBecause === undefined);
  const groups = Map.groupBy(moving, ({ name }) => prefixOf(name));
  const sections = [...groups].map(
    ([prefix, group]) => `### \`${prefix}\`\n\n${buildTable(group, prefix.length)}`,
  );
  return sections.join('\n');
}

/** Up to and with the last dot that stands outside of a name of our own, such as Envoy's overload actions. */
function prefixOf(name: string): string {
  return name.startsWith('overload.') ? 'overload.' : name.slice(0, name.lastIndexOf('.') + 1);
}

function buildTable(rows: readonly StatRow[], prefixLength: number): string {
  const lines = rows.map(
    ({ name, type, unit, meaning }) => `| \`${name.slice(prefixLength)}\` | ${type} | ${unit} | ${meaning} |`,
  );
  return `| name | type | unit | what it says |\n| --- | --- | --- | --- |\n${lines.join('\n')}\n`;
}

function buildAlwaysZeroPart(): string {
  const rows = describedStats
    .flatMap((description) => description.rows())
    .flatMap(({ name, alwaysZeroBecause }) =>
      alwaysZeroBecause === undefined ? [] : `- \`${name}\`: always 0, because ${alwaysZeroBecause}.`,
    );
  return `### Always 0\n\nDashboards for Envoy ask for these. They never move here.\n\n${rows.join('\n')}\n`;
}

function buildDifferencesPart(): string {
  const list = (differences: readonly EnvoyDifference[]): string =>
    differences.map(({ name, because }) => `- \`${name}\`: ${because}.`).join('\n');
  return `### What Envoy has otherwise

Both proxies were given the same configuration, requests and updates (\`beside-envoy.test.ts\`): names, types and labels of
all other families for Prometheus are the same. Envoy has more: of what Heddle does not do (HTTP/3, subset and zone-aware load
balancing, tracing, runtime layers that change), of its own machinery (watchdogs, hot restart), and of buffers.
\`version\` is a double here; from /stats it is rounded where Envoy prints all twenty digits.

Not in Envoy:

${list(envoyDifferences)}

Not in Heddle, below \`http2.\` and \`cluster.<cluster>.http2.\`:

${list(envoyOnlyHttp2)}

Not in Heddle, below \`cluster.<cluster>.http2.\`:

${list(envoyOnlyClusterHttp2)}
`;
}

function buildControlPlanePart(): string {
  const lines = describeMetrics().map(
    ({ name, type, labels, meaning }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${meaning} |`,
  );
  return `## Control plane

\`GET /metrics\` on the REST port (8600), in the text format of Prometheus. \`type\` is the last part of a resource's type
URL. Degraded modes: \`heddle_registry_available\` is 0 while the store is away, \`heddle_registry_held_instances\` is above 0
while a loss waits for a word, \`heddle_xds_convergence_lag_seconds\` grows while a proxy owes an answer.

| name | type | labels | what it says |
| --- | --- | --- | --- |
${lines.join('\n')}
`;
}

export function buildMetricsPage(): string {
  return [
    intro,
    buildSidecarPart(),
    buildAlwaysZeroPart(),
    buildDifferencesPart(),
    buildControlPlanePart(),
  ].join('\n');
}

if (import.meta.main) writeFileSync(metricsPagePath, buildMetricsPage());
