import type { StatsDeclaration } from '../config/worker-protocol.ts';
import { bucketBounds, type HistogramData } from './histogram-buckets.ts';
import type { StatType } from './stats.ts';

/**
 * The main thread's view of all threads' statistics: adds up their slots when somebody asks. What a thread that
 * died had counted stays counted; its gauges go with it.
 */
export interface StatsReader {
  /** Takes over what a thread declared. `thread` names it: `main`, `worker_0`. */
  onDeclaration(thread: string, declaration: StatsDeclaration): void;
  onThreadGone(thread: string): void;
  /** Ascending by name. */
  list(): StatValue[];
  /** Value of a counter or gauge; undefined when nobody declared it. */
  read(name: string): number | undefined;
  /** Counters restart from 0, as `/reset_counters` wants it. */
  resetCounters(): void;
}

export type StatValue =
  | { readonly type: 'counter' | 'gauge'; readonly name: string; readonly value: number }
  | { readonly type: 'histogram'; readonly name: string; readonly data: HistogramData }
  | { readonly type: 'text'; readonly name: string; readonly value: string };

interface Entry {
  readonly type: StatType;
  /** Slots by thread. */
  readonly slots: Map<string, { readonly values: Float64Array; readonly slot: number }>;
  /** Counted by threads that are gone, less what a reset took off. */
  base: number;
  /** Samples of threads that are gone: buckets, then the sum. */
  baseSamples: Float64Array | undefined;
}

const bucketCount = bucketBounds.length + 1;

export function createStatsReader(): StatsReader {
  const entries = new Map<string, Entry>();
  const texts = new Map<string, string>();
  const pagesByThread = new Map<string, Map<number, Float64Array>>();
  /** Names whose threads are all gone. A successor takes them over, unless their scope is released before that. */
  const orphans = new Set<string>();

  function valueOf(entry: Entry): number {
    let value = entry.base;
    for (const { values, slot } of entry.slots.values()) value += values[slot] ?? 0;
    return value;
  }

  function addSamples(target: Float64Array, values: Float64Array, slot: number): void {
    for (let index = 0; index <= bucketCount; index++) {
      target[index] = (target[index] ?? 0) + (values[slot + index] ?? 0);
    }
  }

  function histogramOf(entry: Entry): HistogramData {
    const samples = entry.baseSamples?.slice() ?? new Float64Array(bucketCount + 1);
    for (const { values, slot } of entry.slots.values()) addSamples(samples, values, slot);
    return { counts: samples.subarray(0, bucketCount), sum: samples[bucketCount] ?? 0 };
  }

  function release(thread: string, declaration: StatsDeclaration): void {
    for (const name of declaration.released) {
      const entry = entries.get(name);
      entry?.slots.delete(thread);
      if (entry?.slots.size === 0) entries.delete(name);
      orphans.delete(name);
      texts.delete(name);
    }
    for (const name of orphans) {
      if (!declaration.releasedScopes.some((prefix) => name.startsWith(prefix))) continue;
      orphans.delete(name);
      entries.delete(name);
    }
  }

  return {
    onDeclaration(thread, declaration) {
      const pages = pagesByThread.get(thread) ?? new Map<number, Float64Array>();
      pagesByThread.set(thread, pages);
      for (const { page, buffer } of declaration.pages) pages.set(page, new Float64Array(buffer));
      release(thread, declaration);
      for (const { type, name, page, slot } of declaration.stats) {
        const values = pages.get(page);
        if (values === undefined) continue;
        let entry = entries.get(name);
        if (entry === undefined) {
          entry = { type, slots: new Map(), base: 0, baseSamples: undefined };
          entries.set(name, entry);
        }
        entry.slots.set(thread, { values, slot });
        orphans.delete(name);
      }
      for (const { name, value } of declaration.texts) texts.set(name, value);
    },
    onThreadGone(thread) {
      pagesByThread.delete(thread);
      for (const [name, entry] of entries) {
        const gone = entry.slots.get(thread);
        if (gone === undefined) continue;
        entry.slots.delete(thread);
        if (entry.type === 'counter') entry.base += gone.values[gone.slot] ?? 0;
        if (entry.type === 'histogram') {
          entry.baseSamples ??= new Float64Array(bucketCount + 1);
          addSamples(entry.baseSamples, gone.values, gone.slot);
        }
        if (entry.slots.size === 0) orphans.add(name);
      }
    },
    list() {
      const values: StatValue[] = [];
      for (const [name, entry] of entries) {
        if (entry.type === 'histogram') values.push({ type: 'histogram', name, data: histogramOf(entry) });
        else values.push({ type: entry.type, name, value: valueOf(entry) });
      }
      for (const [name, value] of texts) values.push({ type: 'text', name, value });
      return values.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    },
    read(name) {
      const entry = entries.get(name);
      return entry === undefined ? undefined : valueOf(entry);
    },
    resetCounters() {
      for (const entry of entries.values()) if (entry.type === 'counter') entry.base -= valueOf(entry);
    },
  };
}
