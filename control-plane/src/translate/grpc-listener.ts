import { packAny } from '@heddle/shared/xds/any';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { configSourceOf, extension } from './message-parts.ts';
import { apiTableName } from './resource-names.ts';
import { referTo, type TranslatedOf } from './translated.ts';

/** The name that a gRPC client dials (`xds:///cart`, `xds:///cart:80`): nobody listens, it only leads to routes. */
export function buildApiListener(
  api: XdsApi,
  name: string,
  host: string,
): TranslatedOf<'envoy.config.listener.v3.Listener'> {
  const routeConfigName = apiTableName(host);
  const apiListener = packAny(
    api,
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    {
      statPrefix: 'api',
      rds: { configSource: configSourceOf(undefined), routeConfigName },
      httpFilters: [
        extension(api, 'envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router', {}),
      ],
    },
  );
  return {
    typeName: 'envoy.config.listener.v3.Listener',
    name,
    references: [referTo('routeConfiguration', routeConfigName)],
    value: { name, apiListener: { apiListener } },
  };
}
