import type { PathModifier } from '@heddle/shared/model/http-route-filter';
import type { HttpRouteMatch } from '@heddle/shared/model/http-route-match';
import type { RegexMatchAndSubstitute } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { prefixOf } from './route-match.ts';

/** Fields that the route action and the redirect action share. */
export type PathRewrite =
  { readonly prefixRewrite: string } | { readonly regexRewrite: MessageInit<RegexMatchAndSubstitute> };

/**
 * `ReplacePrefixMatch` with whole segments: Envoy replaces the matched characters, so that `/a` → `/` would turn
 * `/a/b` into `//b`, and `/` → `/x` would turn `/b` into `/xb`. `ReplaceFullPath` keeps the query.
 */
export function buildPathRewrite(path: PathModifier, match: HttpRouteMatch): PathRewrite {
  if (path.type === 'ReplaceFullPath') return replaceAll('.*', path.replaceFullPath ?? '/');
  const prefix = prefixOf(match.path);
  const replacement = (path.replacePrefixMatch ?? '').replace(/\/+$/, '');
  if (prefix === '') return { prefixRewrite: `${replacement}/` };
  if (replacement === '') return replaceAll(`${escapeRegex(prefix)}/*`, '/');
  return { prefixRewrite: replacement };
}

function replaceAll(regex: string, substitution: string): PathRewrite {
  return {
    regexRewrite: { pattern: { regex: `^${regex}` }, substitution: substitution.replaceAll('\\', '\\\\') },
  };
}

/** Of RE2. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}
