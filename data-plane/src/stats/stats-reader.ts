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
  setText(name: string, value: string): void;
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
}

export function createStatsReader(): StatsReader {
  const entries = new Map<string, Entry>();
  const texts = new Map<string, string>();
  const pagesByThread = new Map<string, Map<number, Float64Array>>();

  function valueOf(entry: Entry): number {
    let value = entry.base;
    for (const { values, slot } of entry.slots.values()) value += values[slot] ?? 0;
    return value;
  }

  function histogramOf(entry: Entry): HistogramData {
    const counts = new Float64Array(bucketBounds.length + 1);
    let sum = 0;
    for (const { values, slot } of entry.slots.values()) {
      for (let bucket = 0; bucket < counts.length; bucket++) {
        counts[bucket] = (counts[bucket] ?? 0) + (values[slot + bucket] ?? 0);
      }
      sum += values[slot + counts.length] ?? 0;
    }
    return { counts, sum };
  }

  return {
    onDeclaration(thread, declaration) {
      const pages = pagesByThread.get(thread) ?? new Map<number, Float64Array>();
      pagesByThread.set(thread, pages);
      for (const { page, buffer } of declaration.pages) pages.set(page, new Float64Array(buffer));
      for (const name of declaration.released) {
        const entry = entries.get(name);
        entry?.slots.delete(thread);
        if (entry?.slots.size === 0) entries.delete(name);
      }
      for (const { type, name, page, slot } of declaration.stats) {
        const values = pages.get(page);
        if (values === undefined) continue;
        let entry = entries.get(name);
        if (entry === undefined) {
          entry = { type, slots: new Map(), base: 0 };
          entries.set(name, entry);
        }
        entry.slots.set(thread, { values, slot });
      }
    },
    onThreadGone(thread) {
      pagesByThread.delete(thread);
      for (const entry of entries.values()) {
        const slot = entry.slots.get(thread);
        if (slot === undefined) continue;
        if (entry.type === 'counter') entry.base += slot.values[slot.slot] ?? 0;
        // A histogram keeps its samples: the pages of a dead thread stay readable under a name of their own.
        if (entry.type === 'histogram') entry.slots.set(`${thread}, gone at ${entry.slots.size}`, slot);
        entry.slots.delete(thread);
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
    setText: (name, value) => void texts.set(name, value),
    resetCounters() {
      for (const entry of entries.values()) if (entry.type === 'counter') entry.base -= valueOf(entry);
    },
  };
}
