import { controlPlaneStats } from './config/ads/control-plane-stats.ts';
import { subscriptionStats } from './config/ads/subscription-stats.ts';
import { loadReporterStats } from './config/loads/load-reporter.ts';
import { routeTableStats } from './config/route-tables.ts';
import { savedConfigStats } from './config/saved/saved-config-stats.ts';
import { certificateStats, secretStats, secretUserStats } from './config/secrets/secret-stats.ts';
import { logFileStats } from './downstream/http/access-log/log-file.ts';
import { grpcCallStats, grpcMessageStats } from './downstream/http/filters/grpc-call-stats.ts';
import { connectionManagerStats, listenerResponseStats } from './downstream/http/connection-manager-stats.ts';
import { listenerManagerStats } from './downstream/listener/listener-manager-stats.ts';
import { httpInspectorStats } from './downstream/listener/filters/http-inspector.ts';
import { listenerRateLimitStats } from './downstream/listener/filters/local-rate-limit.ts';
import {
  proxyProtocolErrorStats,
  proxyProtocolStats,
  proxyProtocolVersionStats,
} from './downstream/listener/filters/proxy-protocol.ts';
import { tlsInspectorStats } from './downstream/listener/filters/tls-inspector.ts';
import { connectionLimitStats } from './downstream/network/filters/connection-limit.ts';
import { connectionRateLimitStats } from './downstream/network/filters/local-rate-limit.ts';
import { rbacStats, shadowRbacStats } from './downstream/network/filters/rbac.ts';
import {
  listenerConnectionStats,
  listenerSecretStats,
  listenerWorkerStats,
} from './downstream/listener/listener-stats.ts';
import { udpListenerStats } from './downstream/udp/udp-listeners.ts';
import { overloadStats } from './overload/overload-manager.ts';
import { routerStats } from './router/router-context.ts';
import { tcpProxyStats } from './router/tcp/tcp-proxy-stats.ts';
import { udpProxyStats } from './router/udp/udp-proxy-stats.ts';
import { serverStats } from './server-state.ts';
import type { StatsDescription } from './stats/describe-stats.ts';
import { downstreamTlsStats, tlsStats, upstreamTlsStats } from './transport/tls/tls-stats.ts';
import { upstreamSecretStats } from './upstream-transport.ts';
import { clusterGaugeStats } from './upstream/cluster-gauges.ts';
import { http2ServerStats, http2Stats } from './stats/http2-stats.ts';
import { clusterManagerStats, clusterReloadStats } from './upstream/cluster-manager-stats.ts';
import {
  panicStats,
  requestStats,
  responseStats,
  responseTimeStats,
  warmingStats,
} from './upstream/cluster-stats.ts';
import { assignmentStats, dnsStats, refreshStats } from './upstream/discovery/discovery-stats.ts';
import { transportSocketMatchStats } from './upstream/membership/transport-socket-match.ts';
import { healthCheckStats } from './upstream/health/health-check-stats.ts';
import { poolStats } from './upstream/pool/pool-stats.ts';
import { udpClusterStats } from './upstream/udp/udp-stats.ts';

/** Every statistic of the sidecar, in the order of docs/metrics.md: from the process to the cluster. */
export const describedStats: readonly StatsDescription<unknown>[] = [
  serverStats,
  overloadStats,
  logFileStats,
  controlPlaneStats,
  subscriptionStats,
  savedConfigStats,
  loadReporterStats,
  routeTableStats,
  listenerManagerStats,
  listenerConnectionStats,
  listenerWorkerStats,
  listenerResponseStats,
  httpInspectorStats,
  listenerRateLimitStats,
  proxyProtocolErrorStats,
  proxyProtocolStats,
  proxyProtocolVersionStats,
  tlsInspectorStats,
  listenerSecretStats,
  upstreamSecretStats,
  secretStats,
  secretUserStats,
  certificateStats,
  tlsStats,
  downstreamTlsStats,
  upstreamTlsStats,
  tcpProxyStats,
  udpProxyStats,
  udpListenerStats,
  connectionLimitStats,
  connectionRateLimitStats,
  rbacStats,
  shadowRbacStats,
  connectionManagerStats,
  routerStats,
  clusterManagerStats,
  clusterReloadStats,
  ...clusterGaugeStats,
  transportSocketMatchStats,
  warmingStats,
  panicStats,
  refreshStats,
  dnsStats,
  assignmentStats,
  healthCheckStats,
  requestStats,
  responseStats,
  responseTimeStats,
  poolStats,
  udpClusterStats,
  http2Stats,
  grpcCallStats,
  grpcMessageStats,
  http2ServerStats,
];
