import type { HeaderMap } from '../codec/header-map.ts';
import type { DecoderFilterCallbacks } from '../downstream/http/http-filter.ts';
import { applyHeaderChanges } from './header-mutation.ts';
import { redirectLocation, requestUrl } from './redirect.ts';
import type { ResolvedRoute } from './resolved-route.ts';
import type { RouterContext } from './router-context.ts';

/** Redirects, `require_tls` and direct responses: answers of the route itself, with the route's answer headers. */
export function answerDirectly(
  { stats, suppressEnvoyHeaders }: RouterContext,
  callbacks: DecoderFilterCallbacks,
  route: ResolvedRoute,
  requestHeaders: HeaderMap,
): void {
  const { action } = route.route;
  let status: number;
  let body = '';
  let location: string | undefined;
  if (action.kind === 'redirect') {
    stats.redirect.inc();
    // Envoy counts them as direct answers only.
    stats.directResponse.inc();
    status = action.status;
    location = route.isTlsRedirect
      ? requestUrl(requestHeaders, 'https')
      : redirectLocation(action, route.pathRewriter, requestHeaders);
    // Only what a log line shows is left to rewrite.
    route.pathRewriter?.apply(requestHeaders, suppressEnvoyHeaders);
  } else if (action.kind === 'direct-response') {
    stats.directResponse.inc();
    ({ status, body } = action);
    if (status === 201 || (status >= 300 && status < 400)) location = requestUrl(requestHeaders);
  } else {
    return;
  }
  callbacks.sendLocalReply({
    status,
    body,
    details: 'direct_response',
    modifyHeaders: (responseHeaders) => {
      if (location !== undefined) responseHeaders.add('location', location);
      if (route.responseChanges.length === 0) return;
      applyHeaderChanges(route.responseChanges, responseHeaders, {
        streamInfo: callbacks.streamInfo,
        requestHeaders,
        responseHeaders,
        responseTrailers: undefined,
      });
    },
  });
}
