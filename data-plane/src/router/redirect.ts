import type { HeaderMap } from '../codec/header-map.ts';
import type { RedirectAction } from '../config/model/route.ts';
import { toFieldValue } from '../lang/latin1.ts';
import type { PathRewriter } from './rewrite.ts';

/** The `location` of a redirect. `rewriter` is the redirect's prefix or regex rewrite. */
export function redirectLocation(
  action: RedirectAction,
  rewriter: PathRewriter | undefined,
  headers: HeaderMap,
): string {
  const requestScheme = headers.get(':scheme') ?? 'http';
  const scheme = action.schemeRedirect || (action.httpsRedirect ? 'https' : requestScheme);
  const port = action.portRedirect ? `:${action.portRedirect}` : '';
  const host = action.hostRedirect || hostWithoutOldPort(headers, scheme, port !== '');
  return toFieldValue(`${scheme}://${host}${port}${redirectPath(action, rewriter, headers)}`);
}

/** The URL of the request itself: for answers 201 and 3xx that are made here, and, with `https`, for `require_tls`. */
export function requestUrl(headers: HeaderMap, scheme = headers.get(':scheme') ?? 'http'): string {
  return `${scheme}://${headers.get(':authority') ?? ''}${withLeadingSlash(headers.get(':path') ?? '/')}`;
}

function hostWithoutOldPort(headers: HeaderMap, newScheme: string, hasNewPort: boolean): string {
  const host = headers.get(':authority') ?? '';
  const colon = host.startsWith('[') ? host.indexOf(']:') + 1 : host.lastIndexOf(':');
  if (colon <= 0) return host;
  const requestProtocol = headers.get('x-forwarded-proto') ?? 'http';
  const port = host.slice(colon);
  const isOldDefault =
    newScheme !== requestProtocol &&
    ((requestProtocol === 'http' && port === ':80') || (requestProtocol === 'https' && port === ':443'));
  return hasNewPort || isOldDefault ? host.slice(0, colon) : host;
}

function redirectPath(
  action: RedirectAction,
  rewriter: PathRewriter | undefined,
  headers: HeaderMap,
): string {
  const requestPath = headers.get(':path') ?? '/';
  let path = rewriter === undefined ? requestPath : rewriter.rewrite(requestPath);
  let hasOwnQuery = false;
  if (action.pathRedirect !== undefined && action.pathRedirect !== '') {
    hasOwnQuery = action.pathRedirect.includes('?');
    const query = requestPath.indexOf('?');
    path = action.pathRedirect + (hasOwnQuery || query < 0 ? '' : requestPath.slice(query));
  }
  path = withLeadingSlash(path);
  return action.stripQuery && !hasOwnQuery ? (path.split('?', 1)[0] ?? '') : path;
}

function withLeadingSlash(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}
