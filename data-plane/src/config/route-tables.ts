import type { Clock } from '@heddle/shared/time/clock';
import type { Problem } from '@heddle/shared/errors/problem';
import type { Logger } from '@heddle/shared/logging/logger';
import { describeStats, type StatsOf } from '../stats/describe-stats.ts';
import { SharedScopes } from '../stats/shared-scopes.ts';
import type { StatsScope } from '../stats/stats.ts';
import type { ActiveConfig } from './active-config.ts';
import { createSubscriptionStats } from './ads/subscription-stats.ts';
import type { ClusterAvailability } from './cluster-availability.ts';
import { waitForClusters, type ClusterWait } from './cluster-wait.ts';
import type { SourceConfig } from './model/resource-source.ts';
import { clustersOfRouteTable, routeTableKey, type RouteTable } from './model/route.ts';
import type { ReceivedResource, SourceOf, Subscription } from './subscription.ts';

/**
 * The route tables that listeners name (RDS): subscribed while a listener needs them, held back until the clusters
 * that they newly name are warm, then swapped in all workers at once. While a table is held the previous one serves.
 */
export interface RouteTables {
  /** Counted. `onReady` runs once: when a first table serves, or when its first fetch ran out. */
  acquire(need: RouteTableNeed, onReady: () => void): RouteTableUse;
  /** A table that is there already: it waits for its clusters, then serves under the key. Counted. */
  provide(
    key: string,
    table: ReceivedResource<RouteTable>,
    statPrefix: string,
    onReady: () => void,
  ): RouteTableUse;
  /** Clusters that active and waiting tables send requests to, as of now. */
  namedClusters(): ReadonlySet<string>;
  /** Called whenever the set of clusters that active tables name may have shrunk, after the workers swapped. */
  onNamesDropped(listener: () => void): void;
  /** Of those that are subscribed. */
  inspect(): readonly RouteTableState[];
}

export interface RouteTableNeed extends SourceConfig {
  readonly name: string;
  /** Of the connection manager; the statistics are those of the first that asks. */
  readonly statPrefix: string;
}

export interface RouteTableUse {
  release(): void;
}

export interface RouteTableState {
  readonly name: string;
  readonly active: ReceivedResource<RouteTable> | undefined;
  readonly activeSince: number;
  /** A table that waits for these clusters. */
  readonly waitingFor: readonly string[];
}

export interface RouteTablesOptions {
  readonly sourceOf: SourceOf<RouteTable>;
  readonly clusters: ClusterAvailability;
  readonly activeConfig: ActiveConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The root scope. */
  readonly stats: StatsScope;
  /** How long a table may wait for clusters. */
  readonly clusterWaitMs: number;
}

export const routeTableStats = describeStats(['http.<stat_prefix>.rds.<route_config>.'], (make) => ({
  reloads: make.counter('config_reload', 'Route tables that went live.'),
  reloadTime: make.gauge('config_reload_time_ms', 'When the last one went live, since 1970.', 'ms'),
  empty: make.counter('update_empty', 'Answers without the route table.'),
}));

interface Entry {
  readonly key: string;
  readonly name: string;
  readonly scope: StatsScope;
  readonly scopeName: string;
  readonly stats: StatsOf<typeof routeTableStats>;
  useCount: number;
  active: ReceivedResource<RouteTable> | undefined;
  activeSince: number;
  waiting: { readonly table: ReceivedResource<RouteTable>; readonly wait: ClusterWait } | undefined;
  isReady: boolean;
  readonly onReady: (() => void)[];
  subscription: Subscription | undefined;
}

export function createRouteTables(options: RouteTablesOptions): RouteTables {
  const { sourceOf, clusters, activeConfig, clock, logger, clusterWaitMs } = options;
  const entries = new Map<string, Entry>();
  const dropListeners: (() => void)[] = [];
  /** Tables of one name may come from several places. */
  const scopes = new SharedScopes(options.stats);

  function becomeReady(entry: Entry): void {
    if (entry.isReady) return;
    entry.isReady = true;
    for (const callback of entry.onReady.splice(0)) callback();
  }

  function tellDropped(generation: number): void {
    activeConfig.whenApplied(generation, () => {
      for (const listener of dropListeners) listener();
    });
  }

  function activate(entry: Entry, table: ReceivedResource<RouteTable>, missing: ReadonlySet<string>): void {
    entry.waiting = undefined;
    entry.active = table;
    entry.activeSince = clock.now();
    entry.stats.reloads.inc();
    entry.stats.reloadTime.set(entry.activeSince);
    if (missing.size > 0) {
      logger.warn(
        { route: entry.name, clusters: [...missing] },
        'route table goes live without some of its clusters',
      );
    }
    tellDropped(activeConfig.publish({ routeTables: [withKey(table.value, entry.key)] }));
    becomeReady(entry);
  }

  function receive(entry: Entry, table: ReceivedResource<RouteTable>): void {
    entry.waiting?.wait.cancel();
    entry.waiting = undefined;
    if (entry.active !== undefined && Buffer.compare(entry.active.bytes, table.bytes) === 0) {
      entry.active = table;
      return;
    }
    // What dangles in the table that serves now is broken already: waiting would only keep the repair back.
    const known = entry.active === undefined ? new Set<string>() : clustersOfRouteTable(entry.active.value);
    const names = [...clustersOfRouteTable(table.value)].filter((name) => !known.has(name));
    const wait = waitForClusters(names, clusters, clock, clusterWaitMs, (missing) =>
      activate(entry, table, missing),
    );
    if (wait.missing.size > 0) {
      entry.waiting = { table, wait };
      logger.info({ route: entry.name, clusters: [...wait.missing] }, 'route table waits for clusters');
    }
  }

  /** `validate_clusters`: a table that asks for it is refused when it names clusters that nobody knows. */
  function problemsOf({ value }: ReceivedResource<RouteTable>): Problem[] {
    if (value.validateClusters !== true) return [];
    const unknown = [...clustersOfRouteTable(value)].filter((name) => !clusters.isKnown(name));
    return unknown.map((name) => ({ path: 'virtual_hosts', message: `there is no cluster '${name}'` }));
  }

  function subscribe(
    entry: Entry,
    { source, initialFetchTimeoutMs, statPrefix }: RouteTableNeed,
  ): Subscription {
    return sourceOf(source, scopeNameOf(statPrefix, entry.name)).subscribe(
      [entry.name],
      {
        // A table that is reported as removed keeps serving until no listener names it, as in Envoy. Whatever the
        // answer, it is one: a listener that waits for its first table does not wait longer.
        onUpdate({ upserts }) {
          const table = upserts.find(({ name }) => name === entry.name);
          const problems = table === undefined ? [] : problemsOf(table);
          if (table === undefined) entry.stats.empty.inc();
          if (table !== undefined && problems.length === 0) receive(entry, table);
          else becomeReady(entry);
          return problems.length === 0 ? [] : [{ name: entry.name, problems }];
        },
        onRejected: () => becomeReady(entry),
        onInitialFetchTimeout() {
          logger.warn({ route: entry.name }, 'route table did not come in time');
          becomeReady(entry);
        },
      },
      initialFetchTimeoutMs,
      createSubscriptionStats(entry.scope, source.kind),
    );
  }

  function release(entry: Entry): void {
    entry.useCount -= 1;
    if (entry.useCount > 0) return;
    entry.subscription?.close();
    entry.waiting?.wait.cancel();
    scopes.release(entry.scopeName);
    entries.delete(entry.key);
    if (entry.active !== undefined) tellDropped(activeConfig.publish({ removedRouteTables: [entry.key] }));
  }

  function use(key: string, open: () => Entry, onReady: () => void): RouteTableUse {
    const entry = entries.get(key) ?? open();
    entry.useCount += 1;
    if (entry.isReady) onReady();
    else entry.onReady.push(onReady);
    let isReleased = false;
    return {
      release() {
        if (!isReleased) release(entry);
        isReleased = true;
      },
    };
  }

  function createEntry(key: string, name: string, statPrefix: string): Entry {
    const scopeName = scopeNameOf(statPrefix, name);
    const scope = scopes.acquire(scopeName);
    const entry: Entry = {
      key,
      name,
      scope,
      scopeName,
      stats: routeTableStats.create(scope),
      useCount: 0,
      active: undefined,
      activeSince: 0,
      waiting: undefined,
      isReady: false,
      onReady: [],
      subscription: undefined,
    };
    entries.set(key, entry);
    return entry;
  }

  return {
    acquire(need, onReady) {
      const key = routeTableKey(need.name, need.source);
      const open = (): Entry => {
        const entry = createEntry(key, need.name, need.statPrefix);
        entry.subscription = subscribe(entry, need);
        return entry;
      };
      return use(key, open, onReady);
    },
    provide(key, table, statPrefix, onReady) {
      const open = (): Entry => {
        const entry = createEntry(key, table.name, statPrefix);
        receive(entry, table);
        return entry;
      };
      return use(key, open, onReady);
    },
    namedClusters() {
      const tables = [...entries.values()].flatMap(({ active, waiting }) => [active, waiting?.table]);
      return new Set(tables.flatMap((table) => (table ? [...clustersOfRouteTable(table.value)] : [])));
    },
    onNamesDropped: (listener) => void dropListeners.push(listener),
    inspect: () =>
      [...entries.values()]
        .filter(({ subscription }) => subscription !== undefined)
        .map(({ name, active, activeSince, waiting }) => ({
          name,
          active,
          activeSince,
          waitingFor: waiting === undefined ? [] : [...waiting.wait.missing],
        })),
  };
}

function scopeNameOf(statPrefix: string, name: string): string {
  return `http.${statPrefix}.rds.${name}.`;
}

function withKey(table: RouteTable, key: string): RouteTable {
  return key === table.name ? table : { ...table, key };
}
