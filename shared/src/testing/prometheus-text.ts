/** One line with a value. */
export interface PrometheusSample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** The samples below one `# TYPE`. */
export interface PrometheusFamily {
  readonly name: string;
  readonly type: PrometheusType;
  readonly samples: readonly PrometheusSample[];
}

export type PrometheusType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';

const typeLine = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/;
const helpLine = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:[^\\]|\\[\\n])*$/;
const sampleLine =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)(?: -?\d+)?$/;
const labelPart = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;
const histogramSuffixes = ['_bucket', '_sum', '_count'];

/**
 * Reads Prometheus' text format as strictly as its description has it, and more: every sample stands below the TYPE
 * of its family, a family and a series occur once, counters are not negative, histograms add up.
 *
 * @throws Error with the line that breaks a rule. Source: "Exposition formats" of the Prometheus documentation
 */
export function parsePrometheusText(text: string): PrometheusFamily[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no line feed');
  const families = new Map<string, { readonly type: PrometheusType; readonly samples: PrometheusSample[] }>();
  const helped = new Set<string>();
  const series = new Set<string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const fail = (reason: string): never => {
      throw new Error(`${reason}: ${line}`);
    };
    if (line === '') continue;
    if (line.startsWith('#')) {
      const help = helpLine.exec(line)?.[1];
      const [, name = '', type] = typeLine.exec(line) ?? [];
      if (help !== undefined) {
        if (helped.has(help)) fail('a second HELP');
        helped.add(help);
      } else if (type === undefined) fail('neither HELP nor TYPE');
      else if (families.has(name)) fail('a second TYPE');
      else families.set((current = name), { type: type as PrometheusType, samples: [] });
      continue;
    }
    const sample = parseSample(line) ?? fail('no sample');
    const family = families.get(current) ?? fail('a sample without TYPE');
    if (!belongsTo(sample.name, current, family.type)) fail(`not of the family ${current}`);
    const key = `${sample.name} ${[...sample.labels].sort().map(String).join(' ')}`;
    if (series.has(key)) fail('the same series twice');
    series.add(key);
    if (family.type === 'counter' && !(sample.value >= 0)) fail('a counter below 0');
    family.samples.push(sample);
  }
  const parsed = Array.from(families, ([name, family]) => ({ name, ...family }));
  for (const family of parsed) if (family.type === 'histogram') checkHistograms(family);
  return parsed;
}

function parseSample(line: string): PrometheusSample | undefined {
  const [, name, labelText = '', value = ''] = sampleLine.exec(line) ?? [];
  if (name === undefined) return undefined;
  const labels = new Map<string, string>();
  for (let rest = labelText; rest !== '';) {
    const match = labelPart.exec(rest);
    if (match === null || labels.has(match[1] ?? '')) return undefined;
    labels.set(
      match[1] ?? '',
      (match[2] ?? '').replaceAll(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : String(char))),
    );
    rest = rest.slice(match[0].length);
  }
  return { name, labels, value: value.endsWith('Inf') ? Number(`${value}inity`) : Number(value) };
}

function belongsTo(name: string, family: string, type: PrometheusType): boolean {
  if (type !== 'histogram') return name === family;
  return histogramSuffixes.some((suffix) => name === family + suffix);
}

/** Buckets ascend in bound and count, the last is `+Inf`, and it is the count. */
function checkHistograms({ name, samples }: PrometheusFamily): void {
  const groups = new Map<string, PrometheusSample[]>();
  for (const sample of samples) {
    const key = [...sample.labels]
      .filter(([label]) => label !== 'le')
      .map(String)
      .join(' ');
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => toBound(labels.get('le')));
    const counts = buckets.map(({ value }) => value);
    const total = group.find((sample) => sample.name === `${name}_count`)?.value;
    const isComplete = group.some((sample) => sample.name === `${name}_sum`) && bounds.at(-1) === Infinity;
    if (!isComplete || !isAscending(bounds) || !isAscending(counts) || counts.at(-1) !== total) {
      throw new Error(`the histogram ${name} {${key}} does not add up`);
    }
  }
}

function toBound(text: string | undefined): number {
  return text === '+Inf' ? Infinity : Number(text ?? NaN);
}

function isAscending(values: readonly number[]): boolean {
  return values.every((value, index) => index === 0 || value >= (values[index - 1] ?? NaN));
}
