import type { HeaderMap } from '../../codec/header-map.ts';
import type { RouteTable } from '../../config/model/route.ts';
import type { RouteEntry } from './route-entry.ts';
import type { StreamInfo } from './stream-info.ts';

/** A compiled route table. A stream keeps the one that was active at its start. */
export interface RouteSelector {
  /** The route of a request; undefined: none matches. Called once per stream, and again after `clearRouteCache`. */
  select(headers: HeaderMap, info: StreamInfo): RouteEntry | undefined;
  /** Lower-case names that only internal requests keep. */
  internalOnlyHeaders(headers: HeaderMap): readonly string[];
}

/** Where the active table of one name is; it changes under the reader, in one assignment. */
export interface RouteSource {
  /** Undefined: no table of that name is active (yet). */
  readonly current: RouteSelector | undefined;
}

/** Implemented by the router: makes and finds route tables for connection managers. */
export interface RouteSources {
  /** Of a table that stands in the listener itself. */
  inline(table: RouteTable): RouteSource;
  /** Of a table that RDS delivers (`routeTableKey`); the same object for the life of the worker. */
  named(key: string): RouteSource;
}
