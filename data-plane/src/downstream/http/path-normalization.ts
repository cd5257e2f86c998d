/** The settings of `HttpConnectionManager` that change paths. */
export interface PathRules {
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  readonly pathWithEscapedSlashesAction: 'keep' | 'reject' | 'unescape-and-redirect' | 'unescape-and-forward';
}

/** `redirect`: 307 to the new path. */
export type NormalizedPath =
  | { readonly kind: 'unchanged' | 'rejected' }
  | { readonly kind: 'changed' | 'redirect'; readonly path: string };

const unchanged: NormalizedPath = { kind: 'unchanged' };
const rejected: NormalizedPath = { kind: 'rejected' };

/**
 * Escaped slashes, then RFC 3986 normalisation, then double slashes, in Envoy's order. The query is left alone. A `#`
 * was refused before.
 */
export function normalizePath(path: string, rules: PathRules): NormalizedPath {
  const { pathWithEscapedSlashesAction: slashes } = rules;
  if (slashes === 'keep' && !rules.normalizePath && !rules.mergeSlashes) return unchanged;
  const queryAt = path.indexOf('?');
  const before = queryAt < 0 ? path : path.slice(0, queryAt);
  let after = before;
  let shouldRedirect = false;
  if (slashes !== 'keep' && /%2f|%5c/i.test(after)) {
    if (slashes === 'reject') return rejected;
    after = after.replace(/%2f/gi, '/').replace(/%5c/gi, '\\');
    shouldRedirect = slashes === 'unescape-and-redirect';
  }
  if (rules.normalizePath) {
    const normalized = normalizeSegments(after);
    if (normalized === undefined) return rejected;
    after = normalized;
  }
  if (rules.mergeSlashes) after = after.replace(/\/{2,}/g, '/');
  if (after === before) return unchanged;
  return {
    kind: shouldRedirect ? 'redirect' : 'changed',
    path: queryAt < 0 ? after : after + path.slice(queryAt),
  };
}

const unreserved = /^[A-Za-z0-9\-._~]$/;

/** Undefined: `%00`, which no server should see. */
function normalizeSegments(path: string): string | undefined {
  if (path.includes('%00')) return undefined;
  const decoded = path
    .replaceAll('\\', '/')
    .replaceAll('|', '%7C')
    .replace(/%([0-9A-Fa-f]{2})/g, (escape, digits: string) => {
      const char = String.fromCharCode(parseInt(digits, 16));
      return unreserved.test(char) ? char : escape;
    });
  if (!decoded.includes('/.')) return decoded;
  const segments = decoded.split('/').slice(1);
  const kept: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment !== '.' && segment !== '..') {
      kept.push(segment);
      continue;
    }
    if (segment === '..') kept.pop();
    // A directory keeps its slash: /a/. is /a/.
    if (isLast) kept.push('');
  }
  return `/${kept.join('/')}`;
}
