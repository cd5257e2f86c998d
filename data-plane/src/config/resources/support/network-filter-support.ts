import type { SupportTable } from './message-support.ts';

const filters = 'envoy.extensions.filters.network';

export const networkFilterSupport: SupportTable = {
  [`${filters}.echo.v3.Echo`]: { supported: [] },
  [`${filters}.direct_response.v3.Config`]: { supported: ['response'] },
  [`${filters}.connection_limit.v3.ConnectionLimit`]: {
    supported: ['stat_prefix', 'max_connections', 'delay', 'runtime_enabled'],
  },
  'envoy.config.core.v3.RuntimeFeatureFlag': { supported: ['default_value', 'runtime_key'] },
};
