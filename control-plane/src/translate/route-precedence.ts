import type { HttpRoute, HttpRouteRule } from '@heddle/shared/model/http-route';
import type { HttpRouteMatch } from '@heddle/shared/model/http-route-match';

/** One match of one rule of one route: what becomes one Envoy route. */
export interface RouteEntry {
  readonly route: HttpRoute;
  readonly ruleIndex: number;
  readonly matchIndex: number;
  readonly rule: HttpRouteRule;
  readonly match: HttpRouteMatch;
}

/** Every match of a route, each with its rule; a rule without matches takes everything. */
export function entriesOf(route: HttpRoute): RouteEntry[] {
  return route.spec.rules.flatMap((rule, ruleIndex) =>
    (rule.matches === undefined || rule.matches.length === 0 ? [{}] : rule.matches).map(
      (match, matchIndex) => ({
        route,
        ruleIndex,
        matchIndex,
        rule,
        match,
      }),
    ),
  );
}

/** Regular expressions stand between exact paths and prefixes, where the specification leaves their place open. */
const pathRank = { Exact: 0, RegularExpression: 1, PathPrefix: 2 } as const;

/**
 * Order of the Gateway API (HTTPRouteRule): exact path, regular expression, longest prefix; then a method; then
 * the most header matches; then the most query parameter matches; then by name of the route and by position.
 */
export function byPrecedence(a: RouteEntry, b: RouteEntry): number {
  const keysA = sortKeys(a);
  const keysB = sortKeys(b);
  for (const [index, key] of keysA.entries()) {
    const difference = key - (keysB[index] ?? 0);
    if (difference !== 0) return difference;
  }
  const [nameA, nameB] = [a.route.metadata.name, b.route.metadata.name];
  if (nameA !== nameB) return nameA < nameB ? -1 : 1;
  return a.ruleIndex - b.ruleIndex || a.matchIndex - b.matchIndex;
}

function sortKeys({ match }: RouteEntry): readonly number[] {
  return [
    pathRank[match.path?.type ?? 'PathPrefix'],
    -(match.path?.value ?? '/').length,
    match.method === undefined ? 1 : 0,
    -(match.headers?.length ?? 0),
    -(match.queryParams?.length ?? 0),
  ];
}
