import type { Counter, Gauge, Histogram, StatsScope, TextReadout } from '../../../stats/stats.ts';

/** Statistics and text readouts in maps, by full name. */
export class RecordingStats implements StatsScope {
  readonly #values: Map<string, number>;
  readonly #texts: Map<string, string>;
  readonly #prefix: string;

  constructor(values = new Map<string, number>(), texts = new Map<string, string>(), prefix = '') {
    this.#values = values;
    this.#texts = texts;
    this.#prefix = prefix;
  }

  /** 0 for what nobody counted. */
  read(name: string): number {
    return this.#values.get(name) ?? 0;
  }

  readText(name: string): string | undefined {
    return this.#texts.get(name);
  }

  counter(name: string): Counter {
    return this.gauge(name);
  }

  gauge(name: string): Gauge {
    const fullName = this.#prefix + name;
    const add = (amount: number): void => void this.#values.set(fullName, this.read(fullName) + amount);
    return {
      inc: () => add(1),
      dec: () => add(-1),
      add,
      set: (value) => void this.#values.set(fullName, value),
    };
  }

  histogram(name: string): Histogram {
    const count = this.counter(name);
    return { record: () => count.inc() };
  }

  text(name: string): TextReadout {
    return { set: (value) => void this.#texts.set(this.#prefix + name, value) };
  }

  scope(prefix: string): RecordingStats {
    return new RecordingStats(this.#values, this.#texts, this.#prefix + prefix);
  }

  release(): void {
    for (const name of this.#values.keys()) if (name.startsWith(this.#prefix)) this.#values.delete(name);
  }
}
