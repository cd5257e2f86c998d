import type { RouteTable } from '../config/model/route.ts';
import type { RouteSelector, RouteSource, RouteSources } from '../downstream/http/route-selector.ts';
import { CompiledRouteTable } from './route-table.ts';
import { ScopedRouteSelector } from './scoped-routes.ts';

/** The active route tables of a worker: the swap is one assignment, and streams keep what they started with. */
export class ActiveRouteTables implements RouteSources {
  readonly #named = new Map<string, { current: RouteSelector | undefined }>();

  /**
   * Compiles all, then swaps all.
   *
   * @throws InvalidInputError when one does not compile; nothing has changed then
   */
  apply(tables: readonly RouteTable[]): void {
    const compiled = tables.map((table) => ({
      key: table.key ?? table.name,
      selector:
        table.scopes === undefined
          ? new CompiledRouteTable(table)
          : new ScopedRouteSelector(table.scopes, (key) => this.#source(key)),
    }));
    for (const { key, selector } of compiled) this.#source(key).current = selector;
  }

  remove(keys: readonly string[]): void {
    for (const key of keys) this.#source(key).current = undefined;
  }

  inline(table: RouteTable): RouteSource {
    return { current: new CompiledRouteTable(table) };
  }

  named(key: string): RouteSource {
    return this.#source(key);
  }

  #source(key: string): { current: RouteSelector | undefined } {
    let source = this.#named.get(key);
    if (source === undefined) {
      source = { current: undefined };
      this.#named.set(key, source);
    }
    return source;
  }
}
