import type { SupportTable } from './message-support.ts';

const rbac = 'envoy.config.rbac.v3';

/** Of the network filter. */
export const rbacSupport: SupportTable = {
  'envoy.extensions.filters.network.rbac.v3.RBAC': {
    supported: [
      'rules',
      'shadow_rules',
      'stat_prefix',
      'enforcement_type',
      'shadow_rules_stat_prefix',
      'delay_deny',
    ],
  },
  [`${rbac}.RBAC`]: { supported: ['action', 'policies'] },
  [`${rbac}.Policy`]: { supported: ['permissions', 'principals'] },
  [`${rbac}.Permission`]: {
    supported: [
      'and_rules',
      'or_rules',
      'any',
      'destination_ip',
      'destination_port',
      'destination_port_range',
      'not_rule',
      'requested_server_name',
    ],
  },
  [`${rbac}.Permission.Set`]: { supported: ['rules'] },
  [`${rbac}.Principal`]: {
    supported: [
      'and_ids',
      'or_ids',
      'any',
      'authenticated',
      'source_ip',
      'direct_remote_ip',
      'remote_ip',
      'not_id',
    ],
  },
  [`${rbac}.Principal.Set`]: { supported: ['ids'] },
  [`${rbac}.Principal.Authenticated`]: { supported: ['principal_name'] },
};
