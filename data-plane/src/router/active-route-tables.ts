import type { RouteTable } from '../config/model/route.ts';
import type { RouteSelector, RouteSource, RouteSources } from '../downstream/http/route-selector.ts';
import { CompiledRouteTable } from './route-table.ts';

/** The active route tables of a worker: the swap is one assignment, and streams keep what they started with. */
export class ActiveRouteTables implements RouteSources {
  readonly #named = new Map<string, { current: RouteSelector | undefined }>();

  /**
   * Compiles all, then swaps all.
   *
   * @throws InvalidInputError when one does not compile; nothing has changed then
   */
  apply(tables: readonly RouteTable[]): void {
    const compiled = tables.map((table) => new CompiledRouteTable(table));
    for (const table of compiled) this.#source(table.name).current = table;
  }

  remove(names: readonly string[]): void {
    for (const name of names) this.#source(name).current = undefined;
  }

  inline(table: RouteTable): RouteSource {
    return { current: new CompiledRouteTable(table) };
  }

  named(routeConfigName: string): RouteSource {
    return this.#source(routeConfigName);
  }

  #source(name: string): { current: RouteSelector | undefined } {
    let source = this.#named.get(name);
    if (source === undefined) {
      source = { current: undefined };
      this.#named.set(name, source);
    }
    return source;
  }
}
