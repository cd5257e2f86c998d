import { compileRegexReplacement, type RegexReplacement } from '@heddle/shared/lang/regex';
import type { HeaderMap } from '../codec/header-map.ts';
import type { ForwardAction, RegexRewrite } from '../config/model/route.ts';
import { toFieldValue, toLatin1Text } from '../lang/latin1.ts';
import type { RouteMatcher } from './route-matcher.ts';

export function compileRegexRewrite(rewrite: RegexRewrite): RegexReplacement {
  return compileRegexReplacement(rewrite.regex, toLatin1Text(rewrite.substitution));
}

/** Changes the path of a request: the matched prefix, or every match of a regex; the query stays. */
export class PathRewriter {
  readonly #prefixRewrite: string | undefined;
  readonly #regexRewrite: RegexReplacement | undefined;
  readonly #matcher: RouteMatcher;

  /** Undefined when the route rewrites no path. */
  static create(
    action: { readonly prefixRewrite?: string; readonly regexRewrite?: RegexRewrite },
    matcher: RouteMatcher,
  ): PathRewriter | undefined {
    const hasPrefix = action.prefixRewrite !== undefined && action.prefixRewrite !== '';
    if (!hasPrefix && action.regexRewrite === undefined) return undefined;
    return new PathRewriter(
      hasPrefix ? toLatin1Text(action.prefixRewrite) : undefined,
      action.regexRewrite === undefined ? undefined : compileRegexRewrite(action.regexRewrite),
      matcher,
    );
  }

  constructor(
    prefixRewrite: string | undefined,
    regexRewrite: RegexReplacement | undefined,
    matcher: RouteMatcher,
  ) {
    this.#prefixRewrite = prefixRewrite;
    this.#regexRewrite = regexRewrite;
    this.#matcher = matcher;
  }

  rewrite(path: string): string {
    const pathEnd = endOfPath(path);
    if (this.#prefixRewrite !== undefined) {
      return this.#prefixRewrite + path.slice(this.#matcher.matchedLength(path, pathEnd));
    }
    const rewritten = this.#regexRewrite?.replaceAll(path.slice(0, pathEnd)) ?? '';
    return rewritten + path.slice(pathEnd);
  }

  /** Rewrites `:path`; `x-envoy-original-path` is set even when nothing changed. */
  apply(headers: HeaderMap, suppressEnvoyHeaders: boolean): void {
    const path = headers.get(':path') ?? '';
    if (!suppressEnvoyHeaders) headers.set('x-envoy-original-path', path);
    headers.set(':path', toFieldValue(this.rewrite(path)));
  }
}

/** Where the query begins, or the length. */
export function endOfPath(path: string): number {
  const query = path.indexOf('?');
  return query < 0 ? path.length : query;
}

/** Changes the Host of a request, before a host was chosen. `auto` waits for `applyAutoHostRewrite`. */
export class HostRewriter {
  readonly #rewrite: ForwardAction['hostRewrite'];
  readonly #clusterLiteral: string | undefined;
  readonly #pathRegex: RegexReplacement | undefined;
  readonly #appendsForwardedHost: boolean;
  readonly isAuto: boolean;

  /** Undefined when nothing is to be done. `clusterLiteral` is the weighted cluster's own rewrite. */
  static create(action: ForwardAction, clusterLiteral: string | undefined): HostRewriter | undefined {
    if (action.hostRewrite === undefined && clusterLiteral === undefined) return undefined;
    return new HostRewriter(action, clusterLiteral);
  }

  constructor(action: ForwardAction, clusterLiteral: string | undefined) {
    const rewrite = action.hostRewrite;
    this.#rewrite = rewrite;
    this.#clusterLiteral = clusterLiteral;
    this.#pathRegex = rewrite?.kind === 'path-regex' ? compileRegexRewrite(rewrite.rewrite) : undefined;
    this.#appendsForwardedHost = action.appendXForwardedHost;
    this.isAuto = rewrite?.kind === 'auto';
  }

  /** The weighted cluster's literal comes first and leaves no trace, the route's rewrite over it. */
  apply(headers: HeaderMap, suppressEnvoyHeaders: boolean): void {
    if (this.#clusterLiteral !== undefined) headers.set(':authority', toFieldValue(this.#clusterLiteral));
    const host = this.#newHost(headers);
    if (host !== undefined && host !== '') this.#set(headers, host, suppressEnvoyHeaders);
  }

  /** `auto_host_rewrite`, once a host is chosen that has a name. */
  applyAuto(headers: HeaderMap, hostname: string, suppressEnvoyHeaders: boolean): void {
    if (hostname !== '') this.#set(headers, hostname, suppressEnvoyHeaders);
  }

  #newHost(headers: HeaderMap): string | undefined {
    switch (this.#rewrite?.kind) {
      case 'literal':
        return this.#rewrite.host;
      case 'header':
        return headers.get(this.#rewrite.header);
      case 'path-regex': {
        const path = headers.get(':path') ?? '';
        return this.#pathRegex?.replaceAll(path.slice(0, endOfPath(path)));
      }
      case 'auto':
      case undefined:
        return undefined;
    }
  }

  #set(headers: HeaderMap, host: string, suppressEnvoyHeaders: boolean): void {
    const original = headers.get(':authority') ?? '';
    if (this.#appendsForwardedHost) appendForwardedHost(headers, original);
    if (!suppressEnvoyHeaders) headers.set('x-envoy-original-host', original);
    headers.set(':authority', toFieldValue(host));
  }
}

/** Joined with a comma and no space; a value that is the last already is not repeated. */
function appendForwardedHost(headers: HeaderMap, host: string): void {
  const present = headers.get('x-forwarded-host');
  if (present === undefined || present === '') headers.set('x-forwarded-host', host);
  else if (present.slice(present.lastIndexOf(',') + 1) !== host)
    headers.set('x-forwarded-host', `${present},${host}`);
}
