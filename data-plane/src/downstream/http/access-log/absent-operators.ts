/**
 * Operators that Envoy has and that have no value here, as in an Envoy without what sets them: nothing is kept in
 * the filter state of upstreams, there are no spans, no QUIC, no internal addresses, and no fingerprints of ClientHellos.
 */
export const alwaysAbsent =
  /^(UPSTREAM_FILTER_STATE|TRACE_ID|SPAN_ID|ROUNDTRIP_DURATION|TLS_JA[34]_FINGERPRINT|[A-Z_]+_ADDRESS_ENDPOINT_ID)$/;

const platform = 'Node does not tell';
const chain = `${platform} which certificates a client has sent behind its own`;
const closeReasons = 'it names a line of the source of Envoy';

/** Operators of Envoy 1.40 that are refused, and why. docs/access-logs.md lists them; a test compares the two. */
export const refusedOperators: Readonly<Record<string, string>> = {
  CEL: 'expressions in CEL are not evaluated',
  DOWNSTREAM_CX_RTT: platform,
  DOWNSTREAM_HANDSHAKE_DURATION: 'Envoy counts from the request, before which every handshake has ended',
  DOWNSTREAM_LOCAL_CLOSE_REASON: closeReasons,
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1: chain,
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256: chain,
  DOWNSTREAM_PEER_CHAIN_SERIALS: chain,
  DOWNSTREAM_TLS_GROUP: `${platform} on the side of the server`,
  ENVIRONMENT: 'the environment of the sidecar is for its settings alone',
  UPSTREAM_LOCAL_CLOSE_REASON: closeReasons,
  UPSTREAM_METADATA: 'of the metadata of hosts only what load balancers read is kept',
};
