import type { Permission, Principal, RBAC } from '@heddle/shared/xds/api';
import type { RbacRule, RbacRules } from '../model/rbac.ts';
import { decodeCidrRange } from './address.ts';
import type { DecodeContext } from './decode-context.ts';
import { decodeStringMatcher } from './matchers.ts';

const lastPort = 65_535;
/** In place of a rule that was refused. */
const any: RbacRule = { kind: 'any' };

/** Envoy's `RBAC`; kinds of rules that are not here were refused by the support table. */
export function decodeRbacRules(context: DecodeContext, message: RBAC, path: string): RbacRules {
  const policies = Object.entries(message.policies).map(([name, policy]) => {
    const policyPath = `${path}.policies[${JSON.stringify(name)}]`;
    return {
      name,
      permissions: policy.permissions.map((rule, i) =>
        decodePermission(context, rule, `${policyPath}.permissions[${i}]`),
      ),
      principals: policy.principals.map((rule, i) =>
        decodePrincipal(context, rule, `${policyPath}.principals[${i}]`),
      ),
    };
  });
  policies.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  return { action: message.action, policies };
}

function decodePermission(context: DecodeContext, message: Permission, path: string): RbacRule {
  const { andRules, orRules, notRule, destinationIp, destinationPort, requestedServerName } = message;
  const all = (rules: readonly Permission[], field: string): RbacRule[] =>
    rules.map((rule, i) => decodePermission(context, rule, `${path}.${field}.rules[${i}]`));
  if (andRules !== undefined) return { kind: 'and', rules: all(andRules.rules, 'and_rules') };
  if (orRules !== undefined) return { kind: 'or', rules: all(orRules.rules, 'or_rules') };
  if (notRule !== undefined) {
    return { kind: 'not', rule: decodePermission(context, notRule, `${path}.not_rule`) };
  }
  if (destinationIp !== undefined) {
    const range = decodeCidrRange(context, destinationIp, `${path}.destination_ip`);
    return { kind: 'address', of: 'local', range };
  }
  if (destinationPort !== undefined) {
    return { kind: 'destination-port', start: destinationPort, end: destinationPort + 1 };
  }
  if (message.destinationPortRange !== undefined) {
    const { start, end } = message.destinationPortRange;
    if (start < 0 || end > lastPort + 1 || start >= end) {
      context.refuse(`${path}.destination_port_range`, `must be within 0 and ${lastPort + 1}, and not empty`);
    }
    return { kind: 'destination-port', start, end };
  }
  if (requestedServerName !== undefined) {
    const matcher = decodeStringMatcher(context, requestedServerName, `${path}.requested_server_name`);
    return { kind: 'requested-server-name', matcher };
  }
  return any;
}

function decodePrincipal(context: DecodeContext, message: Principal, path: string): RbacRule {
  const { andIds, orIds, notId, authenticated } = message;
  const all = (ids: readonly Principal[], field: string): RbacRule[] =>
    ids.map((id, i) => decodePrincipal(context, id, `${path}.${field}.ids[${i}]`));
  if (andIds !== undefined) return { kind: 'and', rules: all(andIds.ids, 'and_ids') };
  if (orIds !== undefined) return { kind: 'or', rules: all(orIds.ids, 'or_ids') };
  if (notId !== undefined) return { kind: 'not', rule: decodePrincipal(context, notId, `${path}.not_id`) };
  if (authenticated !== undefined) {
    const { principalName } = authenticated;
    if (principalName === undefined) return { kind: 'authenticated' };
    const matcher = decodeStringMatcher(context, principalName, `${path}.authenticated.principal_name`);
    return { kind: 'authenticated', matcher };
  }
  for (const [range, of, field] of [
    [message.sourceIp, 'remote', 'source_ip'],
    [message.directRemoteIp, 'direct-remote', 'direct_remote_ip'],
    [message.remoteIp, 'remote', 'remote_ip'],
  ] as const) {
    if (range === undefined) continue;
    return { kind: 'address', of, range: decodeCidrRange(context, range, `${path}.${field}`) };
  }
  return any;
}
