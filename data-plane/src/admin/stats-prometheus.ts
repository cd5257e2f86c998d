import { countUpTo, prometheusBounds, sampleCountOf } from '../stats/histogram-buckets.ts';
import type { StatValue } from '../stats/stats-reader.ts';
import { extractTags, type StatTag } from '../stats/stat-tags.ts';

interface Series {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly lines: string[];
}

/** Prometheus text as Envoy writes it: `envoy_` names, tags as labels, no HELP, no `_total`. */
export function formatPrometheus(
  stats: readonly StatValue[],
  options: { readonly hasTextReadouts: boolean },
): string {
  const families = new Map<string, Series>();
  function family(name: string, type: Series['type']): Series {
    const known = families.get(name) ?? { type, lines: [] };
    families.set(name, known);
    return known;
  }
  for (const stat of stats) {
    const { name, tags } = extractTags(stat.name);
    const metric = `envoy_${sanitise(name)}`;
    if (stat.type === 'text') {
      if (!options.hasTextReadouts) continue;
      const labels = formatLabels([...tags, { name: 'text_value', value: stat.value }]);
      family(metric, 'gauge').lines.push(`${metric}{${labels}} 0\n`);
    } else if (stat.type === 'histogram') {
      family(metric, 'histogram').lines.push(formatHistogram(metric, tags, stat));
    } else {
      family(metric, stat.type).lines.push(`${metric}{${formatLabels(tags)}} ${stat.value}\n`);
    }
  }
  const blocks = [...families].map(
    ([name, { type, lines }]) => `# TYPE ${name} ${type}\n${lines.sort().join('')}`,
  );
  return blocks.join('');
}

function formatHistogram(
  metric: string,
  tags: readonly StatTag[],
  { data }: StatValue & { type: 'histogram' },
): string {
  const labels = formatLabels(tags);
  const separator = labels === '' ? '' : ',';
  const buckets = prometheusBounds.map(
    (bound) => `${metric}_bucket{${labels}${separator}le="${bound}"} ${countUpTo(data, bound)}\n`,
  );
  const count = sampleCountOf(data);
  return (
    `${buckets.join('')}${metric}_bucket{${labels}${separator}le="+Inf"} ${count}\n` +
    `${metric}_sum{${labels}} ${data.sum}\n${metric}_count{${labels}} ${count}\n`
  );
}

function formatLabels(tags: readonly StatTag[]): string {
  return tags.map(({ name, value }) => `${sanitise(name)}="${escape(value)}"`).join(',');
}

function sanitise(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
