import type {
  HeaderModifier,
  HttpRouteFilter,
  RequestRedirect,
} from '@heddle/shared/model/http-route-filter';
import type { HttpRouteMatch } from '@heddle/shared/model/http-route-match';
import type {
  HeaderValueOption,
  RedirectAction,
  RedirectAction_RedirectResponseCode,
} from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { buildPathRewrite } from './path-rewrite.ts';

const redirectCodes: Readonly<
  Record<NonNullable<RequestRedirect['statusCode']>, RedirectAction_RedirectResponseCode>
> = {
  301: 'MOVED_PERMANENTLY',
  302: 'FOUND',
  303: 'SEE_OTHER',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
};

const defaultPorts = { http: 80, https: 443 } as const;

export function buildRedirect(redirect: RequestRedirect, match: HttpRouteMatch): MessageInit<RedirectAction> {
  const { path } = redirect;
  return {
    responseCode: redirectCodes[redirect.statusCode ?? 302],
    hostRedirect: redirect.hostname ?? '',
    schemeRedirect: redirect.scheme,
    portRedirect: isImpliedPort(redirect) ? 0 : (redirect.port ?? 0),
    ...(path?.type === 'ReplaceFullPath'
      ? { pathRedirect: path.replaceFullPath ?? '/' }
      : path === undefined
        ? {}
        : buildPathRewrite(path, match)),
  };
}

/** A new host name drops the request's port, so the scheme's default port need not be written. */
function isImpliedPort({ scheme, hostname, port }: RequestRedirect): boolean {
  return hostname !== undefined && port === defaultPorts[scheme ?? 'http'];
}

/** What a header modifier does, as the two fields that requests and responses have each. */
export function buildHeaderMutation(modifier: HeaderModifier | undefined): {
  readonly toAdd: readonly MessageInit<HeaderValueOption>[];
  readonly toRemove: readonly string[];
} {
  return {
    toAdd: [
      ...(modifier?.set ?? []).map(({ name, value }) => toOption(name, value, 'OVERWRITE_IF_EXISTS_OR_ADD')),
      ...(modifier?.add ?? []).map(({ name, value }) => toOption(name, value, 'APPEND_IF_EXISTS_OR_ADD')),
    ],
    toRemove: modifier?.remove ?? [],
  };
}

function toOption(
  name: string,
  value: string,
  appendAction: HeaderValueOption['appendAction'],
): MessageInit<HeaderValueOption> {
  // Envoy expands %…% in values; the Gateway API knows plain text only.
  const header = { key: name, value: value.replaceAll('%', '%%') };
  return { header, appendAction, keepEmptyValue: value === '' };
}

/** The settings of the rule's only filter of a type. */
export function filterOf<
  T extends 'urlRewrite' | 'requestRedirect' | 'requestHeaderModifier' | 'responseHeaderModifier',
>(filters: readonly HttpRouteFilter[] | undefined, field: T): HttpRouteFilter[T] | undefined {
  return filters?.find((filter) => filter[field] !== undefined)?.[field];
}
