import { seriesRules, type SeriesName } from './series-rules.ts';

const sources: Readonly<Record<SeriesName, string>> = {
  rss: 'resident memory (`/proc`)',
  heap: 'heap in use, of all threads (`/threads`, `/metrics`)',
  external: 'memory of buffers, of all threads (`/threads`, `/metrics`)',
  descriptors: 'open descriptors (`/proc`)',
  sockets: 'sockets that do not listen (`/proc`)',
  listening: 'TCP sockets that listen (`/proc`)',
  threads: 'threads (`/proc`)',
  timers: 'timers that are set, of all threads (`/threads`, `/metrics`)',
  statistics: 'lines of `/stats`, series of `/metrics`',
  clusters: 'clusters (`/clusters`)',
  hosts: 'hosts of all clusters (`/clusters`)',
  listeners: 'listeners (`/listeners`)',
  streams: 'ADS streams (`/metrics`)',
};

/** The rules as a Markdown table, as docs/soak.md has it. */
export function formatRules(): string {
  const rows = (Object.keys(seriesRules) as SeriesName[]).map((name) => {
    const { unit, once, perHour, isExact, reason } = seriesRules[name];
    const suffix = unit === 'MiB' ? ' MiB' : '';
    const hourly = perHour === 0 ? '' : `, and ${perHour}${suffix} an hour`;
    return `| ${name} | ${sources[name]} | ${isExact ? 'nothing, not one step' : `${once}${suffix}${hourly}`} | ${reason} |`;
  });
  return ['| series | what | may grow by | why |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
