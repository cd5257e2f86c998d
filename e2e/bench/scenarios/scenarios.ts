import type { Scenario } from '../scenario.ts';
import { abuse } from './abuse.ts';
import { changesUnderLoad } from './changes-under-load.ts';
import { churn } from './churn.ts';
import { clustersMemory } from './clusters-memory.ts';
import { convergence } from './convergence.ts';
import { grpcUnary } from './grpc-unary.ts';
import { http1Large } from './http1-large.ts';
import { http1Latency } from './http1-latency.ts';
import { http1Small } from './http1-small.ts';
import { http2Http1 } from './http2-http1.ts';
import { http2Large } from './http2-large.ts';
import { http2Small } from './http2-small.ts';
import { idleConnections } from './idle-connections.ts';
import { idleMemory } from './idle-memory.ts';
import { manyClusters } from './many-clusters.ts';
import { mtlsMesh } from './mtls-mesh.ts';
import { start } from './start.ts';
import { tcpLarge, tcpSmall } from './tcp.ts';
import { tlsHandshakes, tlsResumed } from './tls-handshakes.ts';
import { tlsSmall } from './tls-small.ts';

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  http1Small,
  http1Large,
  http1Latency,
  http2Small,
  http2Http1,
  http2Large,
  grpcUnary,
  tlsSmall,
  mtlsMesh,
  tlsHandshakes,
  tlsResumed,
  tcpSmall,
  tcpLarge,
  idleMemory,
  clustersMemory,
  idleConnections,
  start,
  convergence,
  churn,
  manyClusters,
  changesUnderLoad,
  ...abuse,
];
