import type { StatsDeclaration } from '../config/worker-protocol.ts';
import { bucketBounds, bucketOf, histogramSlotCount } from './histogram-buckets.ts';
import type { Counter, Gauge, Histogram, StatType, StatsScope } from './stats.ts';

/**
 * The statistics that one thread writes: pages of doubles over fixed-size shared memory, one slot for each counter
 * and gauge. This thread is the only writer, so an update is a plain add; the main thread reads the pages.
 * A histogram takes its slots at its first sample, so that a thousand idle clusters cost nothing.
 */
export interface StatsStore {
  readonly root: StatsScope;
  /** What was declared or released since the last call; undefined for nothing. The owner passes it to the reader. */
  takeDeclaration(): StatsDeclaration | undefined;
}

export interface StatsStoreOptions {
  /** Called once when there is something to take, again after it was taken. */
  readonly onDeclared: () => void;
}

const pageSlotCount = 4096;

interface Page {
  readonly page: number;
  readonly values: Float64Array;
  usedCount: number;
}

interface Slot {
  readonly page: Page;
  readonly index: number;
}

/** The index is always inside; `?? 0` is for the type and costs nothing. */
function bump(values: Float64Array, index: number, amount: number): void {
  values[index] = (values[index] ?? 0) + amount;
}

class ScalarStat implements Counter, Gauge {
  #values: Float64Array;
  #index: number;

  constructor(values: Float64Array, index: number) {
    this.#values = values;
    this.#index = index;
  }

  inc(): void {
    bump(this.#values, this.#index, 1);
  }

  dec(): void {
    bump(this.#values, this.#index, -1);
  }

  add(amount: number): void {
    bump(this.#values, this.#index, amount);
  }

  set(value: number): void {
    this.#values[this.#index] = value;
  }

  /** The slot belongs to somebody else from now on. */
  detach(scratch: Float64Array): void {
    this.#values = scratch;
    this.#index = 0;
  }
}

class BucketHistogram implements Histogram {
  #allocate: () => Slot;
  #values: Float64Array | undefined;
  #index = 0;

  constructor(allocate: () => Slot) {
    this.#allocate = allocate;
  }

  record(value: number): void {
    if (this.#values === undefined) {
      const slot = this.#allocate();
      this.#values = slot.page.values;
      this.#index = slot.index;
    }
    const values = this.#values;
    bump(values, this.#index + bucketOf(value), 1);
    bump(values, this.#index + bucketBounds.length + 1, value);
  }

  detach(scratch: Float64Array): void {
    this.#values = scratch;
    this.#index = 0;
  }
}

type Declared = StatsDeclaration['stats'][number];

/** One scope: what it made, by name. */
interface ScopeContent {
  readonly scalars: Map<string, { readonly stat: ScalarStat; readonly slot: Slot }>;
  readonly histograms: Map<string, { readonly stat: BucketHistogram; slot: Slot | undefined }>;
  readonly texts: Set<string>;
  readonly scopes: Map<string, StatsScope>;
  isReleased: boolean;
}

export function createStatsStore(options: StatsStoreOptions): StatsStore {
  const pages: Page[] = [];
  const freeScalars: Slot[] = [];
  const freeHistograms: Slot[] = [];
  /** Where those count whose slots were taken away. */
  const scratch = new Float64Array(histogramSlotCount);
  let isAnnounced = false;
  const newPages: { page: number; buffer: SharedArrayBuffer }[] = [];
  // By name, since what is released before anybody heard of it must not be declared after all.
  let newStats = new Map<string, Declared>();
  let newTexts = new Map<string, string>();
  let released = new Set<string>();
  let releasedScopes: string[] = [];

  function announce(): void {
    if (isAnnounced) return;
    isAnnounced = true;
    options.onDeclared();
  }

  function addPage(): Page {
    const buffer = new SharedArrayBuffer(pageSlotCount * Float64Array.BYTES_PER_ELEMENT);
    const page: Page = { page: pages.length, values: new Float64Array(buffer), usedCount: 0 };
    pages.push(page);
    newPages.push({ page: page.page, buffer });
    return page;
  }

  function allocate(slotCount: number): Slot {
    const free = slotCount === 1 ? freeScalars.pop() : freeHistograms.pop();
    if (free !== undefined) return free;
    let page = pages.at(-1);
    if (page === undefined || page.usedCount + slotCount > pageSlotCount) page = addPage();
    const slot = { page, index: page.usedCount };
    page.usedCount += slotCount;
    return slot;
  }

  function declare(type: StatType, name: string): Slot {
    const slot = allocate(type === 'histogram' ? histogramSlotCount : 1);
    newStats.set(name, { type, name, page: slot.page.page, slot: slot.index });
    announce();
    return slot;
  }

  function free(name: string, slot: Slot, slotCount: number): void {
    slot.page.values.fill(0, slot.index, slot.index + slotCount);
    (slotCount === 1 ? freeScalars : freeHistograms).push(slot);
    newStats.delete(name);
    released.add(name);
  }

  function setText(name: string, value: string): void {
    newTexts.set(name, value);
    announce();
  }

  function releaseContent(prefix: string, content: ScopeContent): void {
    content.isReleased = true;
    for (const scope of [...content.scopes.values()]) scope.release();
    for (const [name, { stat, slot }] of content.scalars) {
      stat.detach(scratch);
      free(prefix + name, slot, 1);
    }
    for (const [name, { stat, slot }] of content.histograms) {
      stat.detach(scratch);
      if (slot !== undefined) free(prefix + name, slot, histogramSlotCount);
    }
    for (const name of content.texts) {
      newTexts.delete(prefix + name);
      released.add(prefix + name);
    }
    content.scalars.clear();
    content.histograms.clear();
    content.texts.clear();
    releasedScopes.push(prefix);
    announce();
  }

  function createScope(prefix: string, onReleased: () => void, isReleased: boolean): StatsScope {
    const content: ScopeContent = {
      scalars: new Map(),
      histograms: new Map(),
      texts: new Set(),
      scopes: new Map(),
      isReleased,
    };
    const { scalars, histograms, texts, scopes } = content;

    function scalar(type: 'counter' | 'gauge', name: string): ScalarStat {
      let entry = scalars.get(name);
      if (entry === undefined) {
        if (content.isReleased) return new ScalarStat(scratch, 0);
        const slot = declare(type, prefix + name);
        entry = { slot, stat: new ScalarStat(slot.page.values, slot.index) };
        scalars.set(name, entry);
      }
      return entry.stat;
    }

    return {
      counter: (name) => scalar('counter', name),
      gauge: (name) => scalar('gauge', name),
      histogram(name) {
        const known = histograms.get(name);
        if (known !== undefined) return known.stat;
        const entry: { stat: BucketHistogram; slot: Slot | undefined } = {
          slot: undefined,
          stat: new BucketHistogram(() => (entry.slot = declare('histogram', prefix + name))),
        };
        if (content.isReleased) entry.stat.detach(scratch);
        else histograms.set(name, entry);
        return entry.stat;
      },
      text(name) {
        if (!content.isReleased && !texts.has(name)) {
          texts.add(name);
          setText(prefix + name, '');
        }
        return {
          set(value) {
            if (texts.has(name)) setText(prefix + name, value);
          },
        };
      },
      scope(below) {
        let scope = scopes.get(below);
        if (scope === undefined) {
          scope = createScope(prefix + below, () => scopes.delete(below), content.isReleased);
          if (!content.isReleased) scopes.set(below, scope);
        }
        return scope;
      },
      release() {
        if (content.isReleased) return;
        releaseContent(prefix, content);
        onReleased();
      },
    };
  }

  return {
    root: createScope('', () => undefined, false),
    takeDeclaration() {
      if (!isAnnounced) return undefined;
      const declaration: StatsDeclaration = {
        kind: 'stats',
        pages: newPages.splice(0),
        stats: [...newStats.values()],
        texts: Array.from(newTexts, ([name, value]) => ({ name, value })),
        released: [...released],
        releasedScopes,
      };
      isAnnounced = false;
      newStats = new Map();
      newTexts = new Map();
      released = new Set();
      releasedScopes = [];
      return declaration;
    },
  };
}
