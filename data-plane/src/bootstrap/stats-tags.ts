import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { StatsConfig } from '@heddle/shared/xds/api';
import type { DecodeContext } from '../config/resources/decode-context.ts';

/** Tags whose expression Envoy knows by their name, all under `envoy.`. */
const knownTags: ReadonlySet<string> = new Set(
  `cluster_name listener_address http_conn_manager_prefix http_user_agent ssl_cipher ssl_cipher_suite ssl_curve ssl_sigalg
  ssl_version cipher_suite grpc_bridge_service grpc_bridge_method virtual_host virtual_cluster tcp_prefix udp_prefix
  response_code response_code_class rds_route_config scoped_rds_config route worker_id redis_prefix mongo_prefix mongo_cmd
  mongo_collection mongo_callsite ratelimit_prefix local_http_ratelimit_prefix local_listener_ratelimit_prefix
  local_network_ratelimit_prefix dns_filter_prefix connection_limit_prefix rbac_prefix rbac_http_prefix rbac_policy_name
  ext_authz_prefix fault_downstream_cluster dynamo_operation dynamo_table dynamo_partition_id clientssl_prefix
  thrift_prefix proxy_protocol_version proxy_protocol_prefix tls_certificate`
    .split(/\s+/)
    .map((name) => `envoy.${name}`),
);

/** Tags are ignored; what Envoy would not take is refused all the same. */
export function checkStatsTags(context: DecodeContext, config: StatsConfig | undefined): void {
  for (const [i, { tagName, fixedValue, regex }] of (config?.statsTags ?? []).entries()) {
    const path = `stats_config.stats_tags[${i}]`;
    if (tagName === '') context.refuse(`${path}.tag_name`, 'must not be empty');
    if (fixedValue !== undefined || tagName === '') continue;
    if ((regex ?? '') !== '') checkExpression(context, regex ?? '', `${path}.regex`);
    else if (!knownTags.has(tagName)) {
      context.refuse(
        path,
        `${JSON.stringify(tagName)} needs a regex or a fixed_value: it is no tag that Envoy knows`,
      );
    }
  }
}

/** Envoy reads it with std::regex, whose language is that of ECMAScript. It is never run. */
function checkExpression(context: DecodeContext, expression: string, path: string): void {
  try {
    // The empty alternative matches at once, and the result has a place for each group.
    const groupCount = (new RegExp(`${expression}|`).exec('')?.length ?? 1) - 1;
    // Of a group that is not there JavaScript makes a character.
    const references = [...expression.matchAll(/\\(?:([1-9]\d*)|.)/g)].map(([, digits = '0']) =>
      Number(digits),
    );
    const wrong = references.find((reference) => reference > groupCount);
    if (wrong !== undefined)
      context.refuse(path, `there is no group ${wrong} in ${JSON.stringify(expression)}`);
  } catch (error) {
    context.refuse(path, messageOf(error));
  }
}
