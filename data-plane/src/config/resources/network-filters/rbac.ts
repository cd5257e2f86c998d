import type { NetworkRbac } from '../../model/network-filter.ts';
import { decodeRbacRules } from '../rbac.ts';
import { defined, toMsOr } from '../scalars.ts';
import type { NetworkFilterDecoder } from './network-filter-decoder.ts';

const type = 'envoy.extensions.filters.network.rbac.v3.RBAC';

export const rbacDecoder: NetworkFilterDecoder = {
  type,
  isTerminal: false,
  decode(context, config, path) {
    const message = context.unpack(type, config, path);
    const { rules, shadowRules } = message ?? {};
    return {
      kind: 'rbac',
      config: {
        statPrefix: message?.statPrefix ?? '',
        shadowRulesStatPrefix: message?.shadowRulesStatPrefix ?? '',
        isContinuous: message?.enforcementType === 'CONTINUOUS',
        delayDenyMs: toMsOr(message?.delayDeny, 0),
        ...defined<Pick<NetworkRbac, 'rules' | 'shadowRules'>>({
          rules: rules === undefined ? undefined : decodeRbacRules(context, rules, `${path}.rules`),
          shadowRules:
            shadowRules === undefined
              ? undefined
              : decodeRbacRules(context, shadowRules, `${path}.shadow_rules`),
        }),
      },
    };
  },
};
