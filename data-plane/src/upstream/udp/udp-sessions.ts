import type { StatsScope } from '../../stats/stats.ts';
import type { SharedResourceManager } from '../circuit-breaker.ts';
import type { WorkerHost } from '../host-set/worker-host.ts';
import type { PoolStats } from '../pool/pool-stats.ts';
import type { UdpSession } from '../upstream.ts';
import { udpClusterStats, type UdpClusterStats } from './udp-stats.ts';

/** The UDP sessions of one cluster object in one worker, by the host that each goes to. */
export class WorkerUdpSessions {
  readonly stats: UdpClusterStats;
  readonly poolStats: PoolStats;
  readonly #resources: SharedResourceManager;
  readonly #byHost = new Map<WorkerHost, Set<HostSession>>();

  /** `scope`: `cluster.<name>.` */
  constructor(scope: StatsScope, resources: SharedResourceManager, poolStats: PoolStats) {
    this.stats = udpClusterStats.create(scope.scope('udp.'));
    this.poolStats = poolStats;
    this.#resources = resources;
  }

  /** Counts as a connection for the circuit breaker, and for nothing else. */
  open(host: WorkerHost, onGone: () => void): UdpSession {
    const session = new HostSession(this, host, onGone);
    let sessions = this.#byHost.get(host);
    if (sessions === undefined) {
      sessions = new Set();
      this.#byHost.set(host, sessions);
    }
    sessions.add(session);
    this.#resources.connectionOpened();
    return session;
  }

  endOf(host: WorkerHost): void {
    for (const session of this.#byHost.get(host) ?? []) session.onGone();
  }

  endAll(): void {
    for (const host of [...this.#byHost.keys()]) this.endOf(host);
  }

  /** Called by the session. */
  onClosed(session: HostSession, host: WorkerHost): void {
    const sessions = this.#byHost.get(host);
    if (sessions?.delete(session) !== true) return;
    if (sessions.size === 0) this.#byHost.delete(host);
    this.#resources.connectionClosed();
  }
}

class HostSession implements UdpSession {
  readonly onGone: () => void;
  readonly #owner: WorkerUdpSessions;
  readonly #host: WorkerHost;

  constructor(owner: WorkerUdpSessions, host: WorkerHost, onGone: () => void) {
    this.#owner = owner;
    this.#host = host;
    this.onGone = onGone;
  }

  onSent(byteCount: number): void {
    this.#owner.stats.sentDatagrams.inc();
    this.#owner.poolStats.sentBytes.add(byteCount);
  }

  onSendError(): void {
    this.#owner.stats.sendErrors.inc();
  }

  onReceived(byteCount: number): void {
    this.#owner.stats.receivedDatagrams.inc();
    this.#owner.poolStats.receivedBytes.add(byteCount);
  }

  onReceiveError(): void {
    this.#owner.stats.receiveErrors.inc();
  }

  onDropped(): void {
    this.#owner.stats.droppedDatagrams.inc();
  }

  close(): void {
    this.#owner.onClosed(this, this.#host);
  }
}
