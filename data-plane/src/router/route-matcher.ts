import { compileRegex, type Regex } from '@heddle/shared/lang/regex';
import type { HeaderMap } from '../codec/header-map.ts';
import type { RouteMatch } from '../config/model/route.ts';
import { isGrpc } from '../downstream/http/grpc-status.ts';
import { CompiledHeaderMatcher, matchesAllHeaders } from '../lang/header-matcher.ts';
import { toLatin1Text } from '../lang/latin1.ts';
import { CompiledQueryMatcher } from '../lang/query-matcher.ts';

/** A request as routes look at it. One per request and reused: see `RouteTableSelector`. */
export interface RoutedRequest {
  headers: HeaderMap;
  method: string;
  /** With its query. */
  path: string;
  /** Where the query begins, or the path's length. */
  pathEnd: number;
  /** Lower-case path; made when a route first needs it. */
  lowerCasePath: string | undefined;
  randomValue: number;
}

/** The conditions of one route, all of which must hold. */
export class RouteMatcher {
  readonly #kind: RouteMatch['path']['kind'];
  readonly #value: string;
  readonly #isCaseSensitive: boolean;
  readonly #regex: Regex | undefined;
  readonly #headers: readonly CompiledHeaderMatcher[];
  readonly #queryParameters: readonly CompiledQueryMatcher[];
  readonly #perMillion: number | undefined;
  readonly #isGrpcOnly: boolean;

  /** @throws InvalidInputError for a regex that RE2 refuses */
  constructor(match: RouteMatch) {
    const { path } = match;
    this.#kind = path.kind;
    this.#isCaseSensitive = !('caseSensitive' in path) || path.caseSensitive;
    const value = 'value' in path ? toLatin1Text(path.value) : '';
    this.#value = this.#isCaseSensitive ? value : value.toLowerCase();
    this.#regex = path.kind === 'regex' ? compileRegex(path.regex) : undefined;
    this.#headers = match.headers.map((matcher) => new CompiledHeaderMatcher(matcher));
    this.#queryParameters = match.queryParameters.map((matcher) => new CompiledQueryMatcher(matcher));
    this.#perMillion = match.runtimeFraction?.perMillion;
    this.#isGrpcOnly = match.isGrpcOnly;
  }

  matches(request: RoutedRequest): boolean {
    if (!this.#matchesPath(request)) return false;
    if (this.#perMillion !== undefined && request.randomValue % 1_000_000 >= this.#perMillion) return false;
    if (this.#isGrpcOnly && !isGrpc(request.headers)) return false;
    if (!matchesAllHeaders(this.#headers, request.headers)) return false;
    for (const matcher of this.#queryParameters) {
      if (!matcher.matches(request.path)) return false;
    }
    return true;
  }

  /** How much of the path a prefix rewrite replaces: the prefix, or the whole path without its query. */
  matchedLength(path: string, pathEnd: number): number {
    return this.#kind === 'prefix' || this.#kind === 'path-separated-prefix'
      ? Math.min(this.#value.length, path.length)
      : pathEnd;
  }

  #matchesPath(request: RoutedRequest): boolean {
    const { pathEnd } = request;
    if (this.#kind === 'connect') return request.method === 'CONNECT';
    // Of CONNECT, whose path no other kind of match can judge.
    if (request.path === '') return false;
    if (this.#kind === 'regex') {
      const { path } = request;
      return this.#regex?.matchesFully(pathEnd === path.length ? path : path.slice(0, pathEnd)) === true;
    }
    const path = this.#isCaseSensitive
      ? request.path
      : (request.lowerCasePath ??= request.path.toLowerCase());
    const value = this.#value;
    if (value.length > pathEnd || !path.startsWith(value)) return false;
    switch (this.#kind) {
      case 'prefix':
        return true;
      case 'exact':
        return value.length === pathEnd;
      case 'path-separated-prefix':
        return value.length === pathEnd || path.charCodeAt(value.length) === 0x2f;
    }
  }
}
