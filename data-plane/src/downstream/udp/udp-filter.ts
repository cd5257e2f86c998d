import type { UdpProxy } from '../../config/model/udp-proxy.ts';
import type { SocketAddress } from '../../transport/connection.ts';

/** Takes the datagrams of one listener in one worker, until it is closed. */
export interface UdpFilter {
  /** `datagram` is the filter's own. */
  onDatagram(datagram: Buffer, peer: SocketAddress): void;
  /** The system could not receive. */
  onReceiveError(): void;
  /** The listener is gone, or another one takes over: sessions end. */
  close(): void;
}

/** The way back. */
export interface UdpSender {
  readonly localAddress: SocketAddress;
  send(datagram: Buffer, peer: SocketAddress, onSent: (error: Error | null) => void): void;
}

/** @throws InvalidInputError for formats that do not compile */
export type CreateUdpFilter = (proxy: UdpProxy, sender: UdpSender) => UdpFilter;

/** Below which name it counts. */
export function udpScopeOf({ statPrefix }: UdpProxy): string {
  return `udp.${statPrefix}.`;
}
