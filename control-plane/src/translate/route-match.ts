import type { HttpRouteMatch, PathMatch } from '@heddle/shared/model/http-route-match';
import type { HeaderMatcher, QueryParameterMatcher, RouteMatch, StringMatcher } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';

export function buildRouteMatch(match: HttpRouteMatch): MessageInit<RouteMatch> {
  const headers: MessageInit<HeaderMatcher>[] =
    match.method === undefined ? [] : [{ name: ':method', stringMatch: { exact: match.method } }];
  for (const { name, type, value } of firstOfEachName(match.headers ?? [], (header) =>
    header.name.toLowerCase(),
  )) {
    headers.push({ name, stringMatch: toStringMatcher(type, value) });
  }
  const queryParameters: MessageInit<QueryParameterMatcher>[] = [
    ...firstOfEachName(match.queryParams ?? [], (parameter) => parameter.name),
  ].map(({ name, type, value }) => ({ name, stringMatch: toStringMatcher(type, value) }));
  return { ...toPathMatch(match.path), headers, queryParameters };
}

/** The prefix whose segments are compared, without a slash at its end; empty for everything. */
export function prefixOf(path: PathMatch | undefined): string {
  return (path?.value ?? '/').replace(/\/+$/, '');
}

function toPathMatch(path: PathMatch | undefined): MessageInit<RouteMatch> {
  switch (path?.type) {
    case 'Exact':
      return { path: path.value ?? '/' };
    case 'RegularExpression':
      return { safeRegex: { regex: path.value ?? '/' } };
    case 'PathPrefix':
    case undefined: {
      const prefix = prefixOf(path);
      return prefix === '' ? { prefix: '/' } : { pathSeparatedPrefix: prefix };
    }
  }
}

function toStringMatcher(
  type: 'Exact' | 'RegularExpression' | undefined,
  value: string,
): MessageInit<StringMatcher> {
  return type === 'RegularExpression' ? { safeRegex: { regex: value } } : { exact: value };
}

/** The Gateway API: of several matches of one name only the first counts. */
function* firstOfEachName<T>(matches: readonly T[], nameOf: (match: T) => string): Iterable<T> {
  const seen = new Set<string>();
  for (const match of matches) {
    const name = nameOf(match);
    if (seen.has(name)) continue;
    seen.add(name);
    yield match;
  }
}
