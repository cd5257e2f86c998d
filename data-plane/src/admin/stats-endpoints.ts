import { bucketBounds, quantileOf, sampleCountOf } from '../stats/histogram-buckets.ts';
import type { StatsReader, StatValue } from '../stats/stats-reader.ts';
import { compileRegex } from '@heddle/shared/lang/regex';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import { jsonAnswer, textAnswer, type AdminAnswer, type AdminEndpoint } from './admin-server.ts';
import { formatPrometheus } from './stats-prometheus.ts';

/** Percentiles that Envoy prints. */
const percentiles = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100];

const typeNames: Readonly<Record<string, StatValue['type']>> = {
  Counters: 'counter',
  Gauges: 'gauge',
  Histograms: 'histogram',
  TextReadouts: 'text',
};

/** `/stats` in its formats, `/stats/prometheus`, `/reset_counters`. */
export function createStatsEndpoints(reader: StatsReader): AdminEndpoint[] {
  function handle(query: URLSearchParams, format: string): AdminAnswer {
    const selected = selectStats(reader, query);
    if (typeof selected === 'string') return textAnswer(`${selected}\n`, 400);
    switch (format) {
      case 'text':
        return textAnswer(formatText(selected));
      case 'json':
        return jsonAnswer(toJson(selected));
      case 'prometheus':
        return textAnswer(formatPrometheus(selected, { hasTextReadouts: query.has('text_readouts') }));
      default:
        return textAnswer(`format '${format}' is none of text, json, prometheus\n`, 400);
    }
  }
  return [
    {
      path: '/stats',
      help: 'print statistics (?format=text|json|prometheus, ?filter=regex, ?usedonly, ?type=)',
      isMutating: false,
      handle: (query) => handle(query, query.get('format') ?? 'text'),
    },
    {
      path: '/stats/prometheus',
      help: 'print statistics for Prometheus',
      isMutating: false,
      handle: (query) => handle(query, 'prometheus'),
    },
    {
      path: '/reset_counters',
      help: 'set all counters to zero',
      isMutating: true,
      handle() {
        reader.resetCounters();
        return textAnswer('OK\n');
      },
    },
  ];
}

/** The statistics that the query asks for, or what is wrong with it. */
function selectStats(reader: StatsReader, query: URLSearchParams): StatValue[] | string {
  let stats = reader.list();
  const filter = query.get('filter');
  if (filter !== null) {
    try {
      const regex = compileRegex(filter);
      stats = stats.filter(({ name }) => regex.matchesPartially(name));
    } catch (error) {
      return `filter '${filter}' is not a regular expression: ${messageOf(error)}`;
    }
  }
  const type = query.get('type');
  if (type !== null && type !== 'All') {
    const wanted = typeNames[type];
    if (wanted === undefined) return `type '${type}' is none of All, ${Object.keys(typeNames).join(', ')}`;
    stats = stats.filter((stat) => stat.type === wanted);
  }
  return query.has('usedonly') ? stats.filter(isUsed) : stats;
}

function isUsed(stat: StatValue): boolean {
  if (stat.type === 'histogram') return sampleCountOf(stat.data) > 0;
  return stat.type === 'text' ? stat.value !== '' : stat.value !== 0;
}

function formatText(stats: readonly StatValue[]): string {
  const texts: string[] = [];
  const scalars: string[] = [];
  const histograms: string[] = [];
  for (const stat of stats) {
    if (stat.type === 'text') texts.push(`${stat.name}: "${stat.value}"\n`);
    else if (stat.type === 'histogram') histograms.push(`${stat.name}: ${formatHistogram(stat)}\n`);
    else scalars.push(`${stat.name}: ${stat.value}\n`);
  }
  return [...texts, ...scalars, ...histograms].join('');
}

function formatHistogram({ data }: StatValue & { type: 'histogram' }): string {
  if (sampleCountOf(data) === 0) return 'No recorded values';
  // The second figure is the cumulative one; intervals are not kept apart, so the first says nan as Envoy's does.
  return percentiles
    .map((percentile) => `P${percentile}(nan,${round(quantileOf(data, percentile / 100))})`)
    .join(' ');
}

function toJson(stats: readonly StatValue[]): unknown {
  const scalars = stats.flatMap((stat) =>
    stat.type === 'histogram' ? [] : [{ name: stat.name, value: stat.value }],
  );
  const histograms = stats.flatMap((stat) => (stat.type === 'histogram' ? [stat] : []));
  if (histograms.length === 0) return { stats: scalars };
  const computed = histograms.map(({ name, data }) => ({
    name,
    values: percentiles.map((percentile) => ({
      interval: null,
      cumulative: sampleCountOf(data) === 0 ? null : round(quantileOf(data, percentile / 100)),
    })),
  }));
  return {
    stats: [...scalars, { histograms: { supported_quantiles: percentiles, computed_quantiles: computed } }],
  };
}

function round(value: number): number {
  return Math.round(Math.min(value, bucketBounds.at(-1) ?? value) * 1000) / 1000;
}
