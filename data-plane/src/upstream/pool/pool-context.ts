import type { Clock } from '@heddle/shared/time/clock';
import type { ServedCluster } from '../../config/model/cluster.ts';
import type { SharedResourceManager } from '../circuit-breaker.ts';
import type { PoolStats } from './pool-stats.ts';
import type { Counter } from '../../stats/stats.ts';
import type { ClientCodecFactory } from './client-codecs.ts';
import type { UpstreamConnector } from './upstream-connector.ts';

/** What a pool needs of its cluster and worker; shared by the pools of one protocol and priority. */
export interface PoolContext {
  readonly cluster: ServedCluster;
  readonly resources: SharedResourceManager;
  readonly stats: PoolStats;
  readonly connector: UpstreamConnector;
  readonly createCodec: ClientCodecFactory;
  /** Bytes as they come, and no messages. */
  readonly carriesTcp: boolean;
  /** What is offered over TLS. */
  readonly alpnProtocols: readonly string[];
  /** Connections of this protocol; absent for bare TCP, and where the server chooses. */
  readonly protocolTotal: Counter | undefined;
  /** Streams that a connection which is being opened is expected to take at a time. */
  readonly expectedStreamCapacity: number;
  readonly clock: Clock;
  /** The cluster has an upstream connection: health checks leave the no-traffic interval. */
  readonly onTraffic: () => void;
}
