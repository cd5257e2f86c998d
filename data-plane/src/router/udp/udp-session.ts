import type { UdpProxy } from '../../config/model/udp-proxy.ts';
import type { StreamInfoRecord } from '../../downstream/http/stream-info-record.ts';
import type { AccessLogger } from '../../downstream/http/access-log/access-logger.ts';
import type { UdpSender } from '../../downstream/udp/udp-filter.ts';
import { WheelTimer, type TimerTarget } from '../../time/timer-ring.ts';
import type { SocketAddress } from '../../transport/connection.ts';
import { UdpHostSocket } from '../../transport/udp-socket.ts';
import type { Host, ThreadLocalCluster, UdpSession } from '../../upstream/upstream.ts';
import { createUdpStreamInfo, writeSessionLog } from './udp-log.ts';
import type { UdpProxyDependencies } from './udp-proxy.ts';
import type { UdpProxyStats } from './udp-proxy-stats.ts';

export interface UdpSessionOwner {
  readonly config: UdpProxy;
  readonly dependencies: UdpProxyDependencies;
  readonly sender: UdpSender;
  readonly stats: UdpProxyStats;
  readonly accessLoggers: readonly AccessLogger[];
  onSessionEnd(session: UdpProxySession): void;
}

/** What went through one session. */
export interface UdpCounts {
  receivedDatagrams: number;
  sentDatagrams: number;
  sendErrors: number;
  /** It ended by `idle_timeout`. */
  isIdle: boolean;
}

/** One client and one host, and the socket in between whose port the host answers to. */
export class UdpProxySession implements TimerTarget {
  readonly key: string;
  readonly cluster: ThreadLocalCluster;
  readonly host: Host;
  readonly info: StreamInfoRecord;
  readonly counts: UdpCounts = { receivedDatagrams: 0, sentDatagrams: 0, sendErrors: 0, isIdle: false };
  readonly #owner: UdpSessionOwner;
  readonly #peer: SocketAddress;
  readonly #upstream: UdpSession;
  readonly #timer = new WheelTimer(this);
  /** Undefined: the system gave none. */
  readonly #socket: UdpHostSocket | undefined;
  #lastDatagramMs = 0;
  #hasEnded = false;

  constructor(
    owner: UdpSessionOwner,
    cluster: ThreadLocalCluster,
    host: Host,
    peer: SocketAddress,
    key: string,
  ) {
    this.key = key;
    this.cluster = cluster;
    this.host = host;
    this.#owner = owner;
    this.#peer = peer;
    this.info = createUdpStreamInfo(owner, host, peer);
    owner.stats.sessionsTotal.inc();
    owner.stats.sessionsActive.inc();
    this.#upstream = cluster.openUdpSession(host, () => this.end());
    this.#socket = this.#createSocket();
    this.info.upstreamLocalAddress = this.#socket?.localAddress;
    this.#touch();
    owner.dependencies.wheel.schedule(this.#timer, owner.config.idleTimeoutMs);
  }

  onDownstreamDatagram(datagram: Buffer): void {
    const { stats } = this.#owner;
    stats.receivedBytes.add(datagram.length);
    stats.receivedDatagrams.inc();
    this.counts.receivedDatagrams++;
    this.info.bytesReceived += datagram.length;
    this.#touch();
    if (this.#socket === undefined) {
      this.#upstream.onSendError();
      return;
    }
    this.#socket.send(datagram, (error) => {
      if (error === null) this.#upstream.onSent(datagram.length);
      else this.#upstream.onSendError();
    });
  }

  onTimer(): void {
    const { config, dependencies, stats } = this.#owner;
    const leftMs = this.#lastDatagramMs + config.idleTimeoutMs - dependencies.wheel.monotonicMs();
    if (leftMs > 0) {
      dependencies.wheel.schedule(this.#timer, leftMs);
      return;
    }
    stats.idleTimeout.inc();
    this.counts.isIdle = true;
    this.end();
  }

  /** Idempotent. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { dependencies, stats } = this.#owner;
    dependencies.wheel.cancel(this.#timer);
    this.#socket?.close();
    this.#upstream.close();
    stats.sessionsActive.dec();
    this.#owner.onSessionEnd(this);
    writeSessionLog(this.#owner, this.info, this.counts, this.cluster.info.name);
  }

  #createSocket(): UdpHostSocket | undefined {
    try {
      return new UdpHostSocket(this.host.address, {
        onDatagram: (datagram) => this.#onUpstreamDatagram(datagram),
        onError: () => this.#upstream.onReceiveError(),
      });
    } catch {
      return undefined;
    }
  }

  #onUpstreamDatagram(datagram: Buffer): void {
    if (this.#hasEnded) return;
    const { config, sender, stats } = this.#owner;
    this.#touch();
    if (datagram.length > config.maxUpstreamDatagramBytes) {
      this.#upstream.onDropped();
      return;
    }
    this.#upstream.onReceived(datagram.length);
    sender.send(datagram, this.#peer, (error) => {
      if (error !== null) {
        stats.sendErrors.inc();
        this.counts.sendErrors++;
        return;
      }
      stats.sentBytes.add(datagram.length);
      stats.sentDatagrams.inc();
      this.counts.sentDatagrams++;
      this.info.bytesSent += datagram.length;
    });
  }

  #touch(): void {
    this.#lastDatagramMs = this.#owner.dependencies.wheel.monotonicMs();
  }
}
