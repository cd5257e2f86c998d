import type { Logger } from '@heddle/shared/logging/logger';
import type { StatsScope } from '../stats/stats.ts';
import type { ActiveConfig } from './active-config.ts';
import { createSubscriptionStats } from './ads/subscription-stats.ts';
import { routeTableKey, type RouteTable } from './model/route.ts';
import {
  scopeKeyText,
  type RouteScope,
  type ScopedRoutes as ScopedRoutesConfig,
} from './model/scoped-routes.ts';
import { findKeyConflicts } from './resources/scoped-routes.ts';
import type { RouteTables, RouteTableUse } from './route-tables.ts';
import type { RejectedResource, ResourceUpdate, SourceOf, Subscription } from './subscription.ts';

/**
 * The scopes of connection managers (`scoped_routes`), from their configuration or by SRDS. A scope is known to the
 * workers once its route table serves; until then, and when it changes, the one before it does. Main thread.
 */
export interface ScopedRoutes {
  /** Counted. `onReady` runs once: when the first scopes are there with their tables, or will not come in time. */
  acquire(need: ScopedRoutesNeed, onReady: () => void): { release(): void };
}

export interface ScopedRoutesNeed {
  readonly scoped: ScopedRoutesConfig;
  /** Of the connection manager. */
  readonly statPrefix: string;
}

export interface ScopedRoutesOptions {
  readonly sourceOf: SourceOf<RouteScope>;
  readonly routeTables: RouteTables;
  readonly activeConfig: ActiveConfig;
  readonly logger: Logger;
  /** The root scope. */
  readonly stats: StatsScope;
}

/** A scope with the table that it names. */
interface ScopeState {
  readonly scope: RouteScope;
  readonly tableKey: string;
  isReady: boolean;
  use: RouteTableUse | undefined;
}

interface Entry {
  readonly need: ScopedRoutesNeed;
  useCount: number;
  /** What workers know, and what comes after it. By name. */
  readonly active: Map<string, ScopeState>;
  readonly next: Map<string, ScopeState>;
  /** Their tables go when the workers have been told. */
  readonly dropped: ScopeState[];
  isPublishPlanned: boolean;
  isAnswered: boolean;
  isReady: boolean;
  readonly onReady: (() => void)[];
  subscription: Subscription | undefined;
}

export function createScopedRoutes(options: ScopedRoutesOptions): ScopedRoutes {
  const { sourceOf, routeTables, activeConfig, logger } = options;
  const entries = new Map<string, Entry>();

  function settle(entry: Entry): void {
    if (entry.isReady || !entry.isAnswered || entry.next.size > 0) return;
    entry.isReady = true;
    for (const callback of entry.onReady.splice(0)) callback();
  }

  /** Many scopes of one turn are one change. */
  function planPublish(entry: Entry): void {
    if (entry.isPublishPlanned) return;
    entry.isPublishPlanned = true;
    queueMicrotask(() => {
      entry.isPublishPlanned = false;
      if (entry.useCount === 0) return;
      activeConfig.publish({ routeTables: [mapOf(entry)] });
      for (const state of entry.dropped.splice(0)) state.use?.release();
      settle(entry);
    });
  }

  function becomeActive(entry: Entry, state: ScopeState): void {
    state.isReady = true;
    const { name } = state.scope;
    if (entry.next.get(name) !== state) return;
    entry.next.delete(name);
    const before = entry.active.get(name);
    if (before !== undefined) entry.dropped.push(before);
    entry.active.set(name, state);
    planPublish(entry);
  }

  function add(entry: Entry, scope: RouteScope): void {
    const { scoped, statPrefix } = entry.need;
    const { routes, name } = scope;
    const waiting = entry.next.get(name);
    if (waiting !== undefined) entry.dropped.push(waiting);
    const tableKey =
      routes.kind === 'rds'
        ? routeTableKey(routes.routeConfigName, scoped.rds?.source)
        : `${scoped.key} ${name} ${routes.hash}`;
    const state: ScopeState = { scope, tableKey, isReady: false, use: undefined };
    entry.next.set(name, state);
    const onReady = (): void => becomeActive(entry, state);
    if (routes.kind === 'inline') {
      // Its bytes only tell equal tables from others; the hash does, too.
      const table = {
        name: routes.table.name,
        version: '',
        bytes: Buffer.from(routes.hash),
        value: routes.table,
      };
      state.use = routeTables.provide(tableKey, table, statPrefix, onReady);
    } else if (scoped.rds !== undefined) {
      const need = { ...scoped.rds, name: routes.routeConfigName, statPrefix };
      state.use = routeTables.acquire(need, onReady);
    }
  }

  function remove(entry: Entry, name: string): void {
    for (const map of [entry.active, entry.next]) {
      const state = map.get(name);
      if (state !== undefined) entry.dropped.push(state);
      map.delete(name);
    }
    planPublish(entry);
  }

  function update(entry: Entry, { upserts, removed }: ResourceUpdate<RouteScope>): RejectedResource[] {
    entry.isAnswered = true;
    const scopes = new Map([...entry.active, ...entry.next].map(([name, { scope }]) => [name, scope]));
    for (const name of removed) scopes.delete(name);
    for (const { name, value } of upserts) {
      scopes.delete(name);
      scopes.set(name, value);
    }
    const refused = [
      ...findKeyConflicts(scopes.values()).map(({ name, problem }) => refusal(name, 'key', problem)),
      ...upserts.flatMap(({ name, value }) =>
        value.routes.kind === 'rds' && entry.need.scoped.rds === undefined
          ? [refusal(name, 'route_configuration_name', 'has no rds_config_source to come from')]
          : [],
      ),
    ];
    for (const name of removed) remove(entry, name);
    for (const { name, value } of upserts) if (!refused.some((one) => one.name === name)) add(entry, value);
    planPublish(entry);
    return refused;
  }

  function endWait(entry: Entry): void {
    entry.isAnswered = true;
    planPublish(entry);
  }

  function subscribe(entry: Entry): Subscription | undefined {
    const { scoped, statPrefix } = entry.need;
    const { scopes } = scoped;
    if (scopes.kind === 'inline') {
      for (const scope of scopes.list) add(entry, scope);
      endWait(entry);
      return undefined;
    }
    const scopeName = `http.${statPrefix}.scoped_rds.${scoped.name}.`;
    return sourceOf(scopes.source, scopeName).subscribe(
      undefined,
      {
        onUpdate: (answer) => update(entry, answer),
        onRejected: () => endWait(entry),
        onInitialFetchTimeout() {
          logger.warn({ scopedRoutes: scoped.name }, 'scopes did not come in time');
          endWait(entry);
        },
      },
      scopes.initialFetchTimeoutMs,
      createSubscriptionStats(options.stats.scope(scopeName), scopes.source.kind),
    );
  }

  function release(key: string, entry: Entry): void {
    entry.useCount -= 1;
    if (entry.useCount > 0) return;
    entries.delete(key);
    entry.subscription?.close();
    activeConfig.publish({ removedRouteTables: [key] });
    for (const state of [...entry.active.values(), ...entry.next.values(), ...entry.dropped])
      state.use?.release();
  }

  return {
    acquire(need, onReady) {
      const { key } = need.scoped;
      let entry = entries.get(key);
      if (entry === undefined) {
        entry = {
          need,
          useCount: 1,
          active: new Map(),
          next: new Map(),
          dropped: [],
          isPublishPlanned: false,
          isAnswered: false,
          isReady: false,
          onReady: [],
          subscription: undefined,
        };
        entries.set(key, entry);
        entry.subscription = subscribe(entry);
      } else entry.useCount += 1;
      if (entry.isReady) onReady();
      else entry.onReady.push(onReady);
      const used = entry;
      let isReleased = false;
      return {
        release() {
          if (!isReleased) release(key, used);
          isReleased = true;
        },
      };
    },
  };
}

function refusal(name: string, path: string, message: string): RejectedResource {
  return { name, problems: [{ path, message }] };
}

/** What workers get: a table without routes that says which table a key leads to. */
function mapOf({ need: { scoped }, active }: Entry): RouteTable {
  const states = [...active.values()];
  return {
    name: scoped.name,
    key: scoped.key,
    scopes: {
      keyBuilder: scoped.keyBuilder,
      tableKeys: Object.fromEntries(states.map(({ scope, tableKey }) => [scopeKeyText(scope.key), tableKey])),
    },
    virtualHosts: [],
    mutation: { requestAdd: [], requestRemove: [], responseAdd: [], responseRemove: [] },
    filterConfig: {},
    mostSpecificHeaderMutationsWins: false,
    ignorePortInHostMatching: false,
    internalOnlyHeaders: [],
  };
}
