import type { ServedCluster } from '../../config/model/cluster.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { Connection } from '../../transport/connection.ts';
import type { ConnectTarget, TransportSocketOptions } from '../../transport/transport-socket-options.ts';

/** How the upstream half opens connections; given by the composition root, which knows transport/. */
export interface UpstreamConnector {
  /**
   * Returns at once, in state `connecting`. Then `onConnected`, or `onClose` with `connect-failure` or
   * `connect-timeout`. The caller sets the handlers in the same tick. `alpnProtocols`: what to offer over TLS where the
   * cluster does not say it. `options`: what the requests want that the connection is for.
   */
  connect(
    target: ConnectTarget,
    connectTimeoutMs: number,
    alpnProtocols?: readonly string[],
    options?: TransportSocketOptions,
  ): Connection;
  /**
   * The connector of one cluster, whose connections are secure if the cluster says so. `scope`: `cluster.<name>.`.
   * Absent: every cluster's connections are plain.
   *
   * @throws Error if OpenSSL does not take the cluster's TLS
   */
  forCluster?(
    cluster: Pick<ServedCluster, 'tls' | 'proxyProtocol' | 'transportSocketMatches'>,
    scope: StatsScope,
  ): UpstreamConnector;
}
