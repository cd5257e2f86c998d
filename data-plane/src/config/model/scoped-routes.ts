import type { SourceConfig } from './resource-source.ts';
import type { RouteTable } from './route.ts';

/** Envoy's `ScopedRoutes`, decoded and checked: which route table a request gets depends on its headers. */
export interface ScopedRoutes {
  /** Equal for equal configurations. */
  readonly key: string;
  readonly name: string;
  readonly keyBuilder: readonly ScopeKeyFragment[];
  /** Where route tables come from that scopes name; absent: none does. */
  readonly rds?: SourceConfig;
  readonly scopes:
    | { readonly kind: 'inline'; readonly list: readonly RouteScope[] }
    | ({ readonly kind: 'srds' } & SourceConfig);
}

/** Takes one part of a scope's key out of a header, whose first value counts. */
export interface ScopeKeyFragment {
  /** Lower-case. */
  readonly header: string;
  /** Between elements; empty: the value is one element. */
  readonly elementSeparator: string;
  /** The element of that place, or the value of the first element that has the key. */
  readonly pick:
    | { readonly kind: 'index'; readonly index: number }
    | { readonly kind: 'element'; readonly separator: string; readonly key: string };
}

/** Envoy's `ScopedRouteConfiguration`. */
export interface RouteScope {
  readonly name: string;
  readonly key: readonly string[];
  readonly routes:
    | { readonly kind: 'rds'; readonly routeConfigName: string }
    /** `hash`: of the table's message. */
    | { readonly kind: 'inline'; readonly table: RouteTable; readonly hash: string };
}

/** What workers know of scopes: stands in a `RouteTable` that has no routes itself. */
export interface ScopeMap {
  readonly keyBuilder: readonly ScopeKeyFragment[];
  /** Text of a scope's key → key of its route table. */
  readonly tableKeys: Readonly<Record<string, string>>;
}

/** Header values hold no NUL. */
export function scopeKeyText(fragments: readonly string[]): string {
  return fragments.join('\0');
}
