import type { AccessLog } from './access-log.ts';
import type { UdpRoute } from './udp-route.ts';

/** Envoy's UDP listener filter `udp_proxy`. */
export interface UdpProxy {
  readonly statPrefix: string;
  readonly route: UdpRoute;
  /** No datagram in either direction; 0 = at once. */
  readonly idleTimeoutMs: number;
  /** Every datagram may go to another host, each with a session of its own. */
  readonly usesPerPacketLoadBalancing: boolean;
  /** Longer ones from hosts are dropped. */
  readonly maxUpstreamDatagramBytes: number;
  /** A line at the end of each session. */
  readonly accessLogs: readonly AccessLog[];
  /** A line at the end of the listener. */
  readonly proxyAccessLogs: readonly AccessLog[];
}

/** A listener whose datagrams go through it. */
export interface UdpListening {
  /** Longer ones from clients are dropped. */
  readonly maxDatagramBytes: number;
  readonly proxy: UdpProxy;
}
