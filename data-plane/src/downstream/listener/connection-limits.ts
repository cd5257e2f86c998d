import { runtimeCount, type RuntimeValues } from '../../config/model/bootstrap.ts';

/** What the workers are started with. Counts are in shared memory, where each worker has a row of its own. */
export interface ConnectionLimitSettings {
  /** Of all listeners together, and of all workers; undefined: none. */
  readonly globalMax: number | undefined;
  readonly listeners: readonly { readonly name: string; readonly max: number }[];
  /** Int32: for each worker the connections of all listeners, then those of each listener that has a limit. */
  readonly counts: SharedArrayBuffer;
}

const globalKey = 'overload.global_downstream_max_connections';
const listenerKey = /^envoy\.resource_limits\.listener\.(.+)\.connection_limit$/;

/** Envoy's runtime keys `overload.global_downstream_max_connections` and `envoy.resource_limits.listener.<name>.connection_limit`. */
export function readConnectionLimits(runtime: RuntimeValues, workerCount: number): ConnectionLimitSettings {
  const listeners = Object.keys(runtime).flatMap((key) => {
    const name = listenerKey.exec(key)?.[1];
    const max = runtimeCount(runtime, key);
    return name === undefined || max === undefined ? [] : [{ name, max }];
  });
  const rowBytes = (1 + listeners.length) * Int32Array.BYTES_PER_ELEMENT;
  return {
    globalMax: runtimeCount(runtime, globalKey),
    listeners,
    counts: new SharedArrayBuffer(workerCount * rowBytes),
  };
}

/**
 * The limits in one worker. What several workers accept in the same moment may pass a limit by one for each of them:
 * every count has one writer, and nobody waits for the others.
 */
export class ConnectionLimits {
  readonly #settings: ConnectionLimitSettings;
  readonly #counts: Int32Array;
  readonly #stride: number;
  readonly #base: number;
  readonly #placeOf: ReadonlyMap<string, number>;

  constructor(settings: ConnectionLimitSettings, workerIndex: number) {
    this.#settings = settings;
    this.#counts = new Int32Array(settings.counts);
    this.#stride = 1 + settings.listeners.length;
    this.#base = workerIndex * this.#stride;
    this.#placeOf = new Map(settings.listeners.map(({ name }, index) => [name, 1 + index]));
    // Connections of a worker that died are gone.
    this.#counts.fill(0, this.#base, this.#base + this.#stride);
  }

  /** Which limit a further connection of the listener would pass; undefined: none. */
  exceeded(listenerName: string, ignoresGlobalLimit: boolean | undefined): 'global' | 'listener' | undefined {
    const { globalMax, listeners } = this.#settings;
    if (globalMax !== undefined && ignoresGlobalLimit !== true && this.#sum(0) >= globalMax) return 'global';
    const place = this.#placeOf.get(listenerName);
    const limit = place === undefined ? undefined : listeners[place - 1];
    return place !== undefined && limit !== undefined && this.#sum(place) >= limit.max
      ? 'listener'
      : undefined;
  }

  /** `change`: 1 for a connection that was accepted, -1 for one that has ended. */
  count(listenerName: string, change: 1 | -1): void {
    this.#add(0, change);
    const place = this.#placeOf.get(listenerName);
    if (place !== undefined) this.#add(place, change);
  }

  #add(place: number, change: number): void {
    const at = this.#base + place;
    this.#counts[at] = (this.#counts[at] ?? 0) + change;
  }

  #sum(place: number): number {
    let sum = 0;
    for (let at = place; at < this.#counts.length; at += this.#stride) sum += this.#counts[at] ?? 0;
    return sum;
  }
}
