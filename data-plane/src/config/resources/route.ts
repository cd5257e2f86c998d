import type {
  DirectResponseAction,
  RedirectAction as RedirectActionMessage,
  Route as RouteMessage,
} from '@heddle/shared/xds/api';
import type { RedirectAction, Route, RouteAction, RouteMatch } from '../model/route.ts';
import { readDataSource } from './data-source.ts';
import type { DecodeContext } from './decode-context.ts';
import { decodeFilterConfigs } from './filter-configs.ts';
import { decodeHeaderMutation } from './header-mutation.ts';
import { decodeRegexRewrite } from './matchers.ts';
import { decodeRouteAction } from './route-action.ts';
import { decodeRouteMatch } from './route-match.ts';
import { defined } from './scalars.ts';

const redirectStatuses = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
} as const;

const matchesAll: RouteMatch = {
  path: { kind: 'prefix', value: '', caseSensitive: true },
  headers: [],
  queryParameters: [],
  isGrpcOnly: false,
};

export function decodeRoute(
  context: DecodeContext,
  message: RouteMessage,
  path: string,
  maxDirectResponseBodySizeBytes: number,
): Route {
  const { match, requestBodyBufferLimit, perRequestBufferLimitBytes } = message;
  return {
    name: message.name,
    match: match === undefined ? matchesAll : decodeRouteMatch(context, match, `${path}.match`),
    action: decodeAction(context, message, path, maxDirectResponseBodySizeBytes),
    mutation: decodeHeaderMutation(context, message, path),
    filterConfig: decodeFilterConfigs(context, message.typedPerFilterConfig, path),
    ...defined<Pick<Route, 'perRequestBufferLimitBytes' | 'metadata'>>({
      metadata: message.metadata?.filterMetadata,
      perRequestBufferLimitBytes: requestBodyBufferLimit ?? perRequestBufferLimitBytes,
    }),
  };
}

function decodeAction(
  context: DecodeContext,
  message: RouteMessage,
  path: string,
  maxBodyBytes: number,
): RouteAction {
  if (message.route !== undefined) return decodeRouteAction(context, message.route, `${path}.route`);
  if (message.redirect !== undefined) return decodeRedirect(context, message.redirect, `${path}.redirect`);
  if (message.directResponse !== undefined) {
    return decodeDirectResponse(context, message.directResponse, `${path}.direct_response`, maxBodyBytes);
  }
  return { kind: 'non-forwarding' };
}

function decodeRedirect(
  context: DecodeContext,
  message: RedirectActionMessage,
  path: string,
): RedirectAction {
  const { regexRewrite } = message;
  return {
    kind: 'redirect',
    status: redirectStatuses[message.responseCode],
    httpsRedirect: message.httpsRedirect === true,
    stripQuery: message.stripQuery,
    ...defined<
      Pick<
        RedirectAction,
        'schemeRedirect' | 'hostRedirect' | 'portRedirect' | 'pathRedirect' | 'prefixRewrite' | 'regexRewrite'
      >
    >({
      schemeRedirect: message.schemeRedirect || undefined,
      hostRedirect: message.hostRedirect || undefined,
      portRedirect: message.portRedirect || undefined,
      pathRedirect: message.pathRedirect || undefined,
      prefixRewrite: message.prefixRewrite,
      regexRewrite:
        regexRewrite === undefined
          ? undefined
          : decodeRegexRewrite(context, regexRewrite, `${path}.regex_rewrite`),
    }),
  };
}

function decodeDirectResponse(
  context: DecodeContext,
  message: DirectResponseAction,
  path: string,
  maxBodyBytes: number,
): RouteAction {
  const body =
    message.body === undefined ? Buffer.alloc(0) : readDataSource(context, message.body, `${path}.body`);
  if (body.length > maxBodyBytes) {
    context.refuse(
      `${path}.body`,
      `has ${body.length} bytes, more than max_direct_response_body_size_bytes (${maxBodyBytes})`,
    );
  }
  return { kind: 'direct-response', status: message.status, body: body.toString() };
}
