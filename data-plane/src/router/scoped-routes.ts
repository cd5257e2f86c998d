import type { HeaderMap } from '../codec/header-map.ts';
import { scopeKeyText, type ScopeKeyFragment, type ScopeMap } from '../config/model/scoped-routes.ts';
import type { RouteEntry } from '../downstream/http/route-entry.ts';
import type { RouteSelector, RouteSource } from '../downstream/http/route-selector.ts';
import type { StreamInfo } from '../downstream/http/stream-info.ts';

/** Chooses the route table by the request's headers. A request without a scope has no route. */
export class ScopedRouteSelector implements RouteSelector {
  readonly #keyBuilder: readonly ScopeKeyFragment[];
  readonly #tables: ReadonlyMap<string, RouteSource>;

  /** `sourceOf`: where the table of a key is. */
  constructor({ keyBuilder, tableKeys }: ScopeMap, sourceOf: (tableKey: string) => RouteSource) {
    this.#keyBuilder = keyBuilder;
    this.#tables = new Map(Object.entries(tableKeys).map(([text, key]) => [text, sourceOf(key)]));
  }

  select(headers: HeaderMap, info: StreamInfo): RouteEntry | undefined {
    return this.#find(headers)?.select(headers, info);
  }

  internalOnlyHeaders(headers: HeaderMap): readonly string[] {
    return this.#find(headers)?.internalOnlyHeaders(headers) ?? [];
  }

  #find(headers: HeaderMap): RouteSelector | undefined {
    const fragments: string[] = [];
    for (const builder of this.#keyBuilder) {
      const fragment = extractFragment(builder, headers);
      if (fragment === undefined) return undefined;
      fragments.push(fragment);
    }
    return this.#tables.get(scopeKeyText(fragments))?.current;
  }
}

/** As in Envoy: the header's first value; an element without the separator is a key with an empty value. */
function extractFragment(
  { header, elementSeparator, pick }: ScopeKeyFragment,
  headers: HeaderMap,
): string | undefined {
  const value = headers.get(header);
  if (value === undefined) return undefined;
  const elements = elementSeparator === '' ? [value] : value.split(elementSeparator);
  if (pick.kind === 'index') return elements[pick.index];
  for (const element of elements) {
    const at = element.indexOf(pick.separator);
    if ((at < 0 ? element : element.slice(0, at)) === pick.key)
      return at < 0 ? '' : element.slice(at + pick.separator.length);
  }
  return undefined;
}
