import { accessLogSupport } from './access-log-support.ts';
import { bootstrapSupport } from './bootstrap-support.ts';
import { clusterSupport } from './cluster-support.ts';
import { endpointSupport } from './endpoint-support.ts';
import { httpFilterSupport } from './http-filter-support.ts';
import { listenerFilterSupport } from './listener-filter-support.ts';
import { listenerSupport } from './listener-support.ts';
import type { SupportTable } from './message-support.ts';
import { networkFilterSupport } from './network-filter-support.ts';
import { rbacSupport } from './rbac-support.ts';
import { routeSupport } from './route-support.ts';
import { tlsSupport } from './tls-support.ts';
import { udpSupport } from './udp-support.ts';
import { upstreamHttpSupport } from './upstream-http-support.ts';

/** What of the Envoy API the sidecar implements, field by field. docs/config.md is generated from it. */
export const supportTable: SupportTable = Object.freeze({
  ...bootstrapSupport,
  ...listenerSupport,
  ...listenerFilterSupport,
  ...udpSupport,
  ...networkFilterSupport,
  ...rbacSupport,
  ...httpFilterSupport,
  ...accessLogSupport,
  ...routeSupport,
  ...clusterSupport,
  ...upstreamHttpSupport,
  ...endpointSupport,
  ...tlsSupport,
});
