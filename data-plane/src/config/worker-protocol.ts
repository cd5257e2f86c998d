import type { Listener } from './model/listener.ts';
import type { RouteTable } from './model/route.ts';
import type { ClusterUpdate } from './model/cluster-update.ts';
import type { SecretValue } from './model/secret.ts';

/**
 * The messages between the main thread and its workers: structured clones of frozen values. The order of the
 * messages is the order of the changes; a worker applies one `update` wholly before its next event.
 */
export type MainToWorker =
  | ConfigUpdate
  /** Begin to drain (SIGTERM, `/drain_listeners`); `gradual` spreads the closing over the drain time. */
  | {
      readonly kind: 'drain';
      readonly strategy: 'gradual' | 'immediate';
      readonly drainTimeMs: number;
      readonly inboundOnly: boolean;
    }
  | { readonly kind: 'stop-listening'; readonly inboundOnly: boolean }
  /** `/healthcheck/fail` and `/healthcheck/ok`. */
  | { readonly kind: 'health-fail'; readonly isFailed: boolean }
  | { readonly kind: 'reopen-logs' }
  | { readonly kind: 'log-level'; readonly level: string }
  /** Answered by `inspected`. */
  | { readonly kind: 'inspect' }
  /** Close what is left and end the thread. */
  | { readonly kind: 'stop' };

/** One change of the active configuration: what is in it is swapped together. */
export interface ConfigUpdate {
  readonly kind: 'update';
  /** Counts up; acknowledged by `applied`. */
  readonly generation: number;
  /** Applied in the order of the fields: make before break. */
  readonly secrets: readonly SecretUpdate[];
  readonly clusters: readonly ClusterUpdate[];
  readonly routeTables: readonly RouteTable[];
  readonly listeners: readonly ListenerUpdate[];
  readonly removedListeners: readonly string[];
  readonly removedRouteTables: readonly string[];
  readonly removedClusters: readonly string[];
  /** Keys. */
  readonly removedSecrets: readonly string[];
}

/** New connections use it; what is open stays as it is. `key`: that of the `SecretRef`. */
export interface SecretUpdate {
  readonly key: string;
  readonly value: SecretValue;
}

/** What one swap changes; absent = nothing of that kind. */
export type ConfigChange = Partial<Omit<ConfigUpdate, 'kind' | 'generation'>>;

export interface ListenerUpdate {
  readonly listener: Listener;
  /** Only filter chains differ from the active one: connections on unchanged chains stay. */
  readonly isInPlace: boolean;
}

export type WorkerToMain =
  | { readonly kind: 'ready' }
  | { readonly kind: 'applied'; readonly generation: number }
  /** A listener could not be bound in this worker. */
  | { readonly kind: 'listen-failed'; readonly listener: string; readonly message: string }
  /** A host answered a request with `x-envoy-immediate-health-check-fail`. `host`: its address and port. */
  | { readonly kind: 'host-failed'; readonly cluster: string; readonly host: string }
  /** Statistics declared since the last message, and the pages they live in. */
  | StatsDeclaration
  | { readonly kind: 'inspected'; readonly figures: ThreadFigures }
  /** While draining: no connection is open. `isListening`: there may be further ones. */
  | { readonly kind: 'drained'; readonly isListening: boolean };

/** What one thread holds. */
export interface ThreadFigures {
  /** Timers that are set: of the wheel of a worker, of the clock of the main thread. */
  readonly timerCount: number;
  readonly heapUsedBytes: number;
  /** Outside the heap, for its objects: buffers most of all. */
  readonly externalBytes: number;
}

export interface StatsDeclaration {
  readonly kind: 'stats';
  readonly pages: readonly { readonly page: number; readonly buffer: SharedArrayBuffer }[];
  readonly stats: readonly {
    readonly type: 'counter' | 'gauge' | 'histogram';
    readonly name: string;
    readonly page: number;
    readonly slot: number;
  }[];
  /** Text readouts that were set since the last message. */
  readonly texts: readonly { readonly name: string; readonly value: string }[];
  /** Names whose slots this thread gave back, before `stats` were declared anew. */
  readonly released: readonly string[];
  /** Prefixes of the scopes that these names were in. */
  readonly releasedScopes: readonly string[];
}
