import type { Rng } from '@heddle/shared/random/rng';
import type { Clock } from '@heddle/shared/time/clock';
import { noHttp2Stats } from '../../codec/http2/codec-stats.ts';
import type { Cluster } from '../../config/model/cluster.ts';
import { hostFlag } from '../../config/model/cluster-update.ts';
import type { HealthCheck } from '../../config/model/health-check.ts';
import { healthCheckAddressOf, type Member } from '../membership/member.ts';
import type { ClientCodecs } from '../pool/client-codecs.ts';
import { matchTransportSocket } from '../membership/transport-socket-match.ts';
import type { UpstreamConnector } from '../pool/upstream-connector.ts';
import type { HealthCheckEvent, HealthCheckEventKind } from './health-check-event.ts';
import { HealthCheckSession } from './health-check-session.ts';
import type { HealthCheckStats } from './health-check-stats.ts';
import type { HealthProbe } from './health-probe.ts';
import { isFailed, isNetworkFailure, type CheckResult, type HealthStep } from './health-state.ts';
import { createGrpcExchange } from './grpc-health-probe.ts';
import { createHttpExchange } from './http-health-probe.ts';
import { RequestHealthProbe } from './request-health-probe.ts';
import { TcpHealthProbe } from './tcp-health-probe.ts';

export interface HealthCheckerOptions {
  readonly cluster: Cluster;
  readonly settings: HealthCheck;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly stats: HealthCheckStats;
  readonly connector: UpstreamConnector;
  readonly codecs: ClientCodecs;
  readonly flagsOf: (member: Member) => number;
  readonly hasHadTraffic: () => boolean;
  /** New flags of a host; the receiver stores them. */
  readonly onFlags: (member: Member, flags: number) => void;
  readonly onEvent: (event: HealthCheckEvent) => void;
}

/** As the event log names them. */
const checkerTypes = { http: 'HTTP', tcp: 'TCP', grpc: 'GRPC' } as const;

/** Active health checks of one cluster object: a session for each host that is checked. */
export class HealthChecker {
  readonly #options: HealthCheckerOptions;
  readonly #sessions = new Map<Member, HealthCheckSession>();
  /** Hosts whose first result the cluster still waits for; undefined when nobody waits. */
  #firstRound: { readonly waiting: Set<Member>; readonly onDone: () => void } | undefined;

  constructor(options: HealthCheckerOptions) {
    this.#options = options;
  }

  add(members: Iterable<Member>): void {
    const sessions: HealthCheckSession[] = [];
    for (const member of members) {
      if (member.endpoint.disableActiveHealthCheck || this.#sessions.has(member)) continue;
      const session = this.#createSession(member);
      this.#sessions.set(member, session);
      this.#count(this.#options.flagsOf(member), 1);
      sessions.push(session);
    }
    for (const session of sessions) session.start();
  }

  remove(members: Iterable<Member>): void {
    for (const member of members) {
      const session = this.#sessions.get(member);
      if (session === undefined) continue;
      this.#sessions.delete(member);
      session.stop();
      this.#count(this.#options.flagsOf(member), -1);
      this.#endFirstCheck(member);
    }
  }

  /** Calls back when every host that is checked now has had one result, or has left; at once when there is none. */
  awaitFirstRound(onDone: () => void): void {
    const waiting = new Set<Member>();
    for (const [member, session] of this.#sessions) {
      if (!session.isFirstCheckDone) waiting.add(member);
    }
    if (waiting.size === 0) onDone();
    else this.#firstRound = { waiting, onDone };
  }

  /** The host said in an answer to a request that it is not healthy. */
  failPassively(member: Member): void {
    this.#sessions.get(member)?.failPassively();
  }

  stop(): void {
    this.#firstRound = undefined;
    this.remove([...this.#sessions.keys()]);
  }

  #createSession(member: Member): HealthCheckSession {
    const { settings, clock, rng, stats, hasHadTraffic, flagsOf } = this.#options;
    return new HealthCheckSession({
      settings,
      probe: this.#createProbe(),
      clock,
      rng,
      target: () => ({
        host: {
          address: healthCheckAddressOf(member.endpoint),
          hostname: member.endpoint.hostname,
          transportSocket: this.#transportSocketOf(member),
        },
        checkHostname: member.endpoint.healthCheckHostname ?? '',
      }),
      flags: () => flagsOf(member),
      hasHadTraffic,
      onAttempt: () => stats.attempt.inc(),
      onStep: (step, result, isFirstCheck) => this.#onStep(member, step, result, isFirstCheck),
    });
  }

  #transportSocketOf(member: Member): number {
    const { settings, cluster } = this.#options;
    const { transportSocketMatchCriteria: criteria } = settings;
    if (criteria === undefined) return member.transportSocket;
    return matchTransportSocket(cluster.transportSocketMatches ?? [], [criteria]);
  }

  #createProbe(): HealthProbe {
    const { cluster, settings, connector, codecs } = this.#options;
    const { checker, reuseConnection } = settings;
    if (checker.kind === 'tcp') return new TcpHealthProbe({ checker, reuseConnection, connector });
    const { http, name, perConnectionBufferLimitBytes } = cluster;
    const isHttp1 = checker.kind === 'http' && checker.protocol === 'http1';
    return new RequestHealthProbe({
      exchange:
        checker.kind === 'http' ? createHttpExchange(checker, name) : createGrpcExchange(checker, name),
      reuseConnection,
      connector,
      createCodec: isHttp1
        ? codecs.http1(http)
        : codecs.http2(http, perConnectionBufferLimitBytes, noHttp2Stats),
      alpnProtocols: [isHttp1 ? 'http/1.1' : 'h2'],
    });
  }

  #onStep(member: Member, step: HealthStep, result: CheckResult, isFirstCheck: boolean): void {
    const { stats, flagsOf, onFlags } = this.#options;
    const before = flagsOf(member);
    if (result.kind === 'success') {
      stats.success.inc();
    } else {
      stats.failure.inc();
      if (isNetworkFailure(result.type)) stats.networkFailure.inc();
      else if (result.type === 'passive') stats.passiveFailure.inc();
    }
    this.#count(before, -1);
    this.#count(step.flags, 1);
    this.#reportEvents(member, before, step.flags, result, isFirstCheck);
    if (step.flags !== before) onFlags(member, step.flags);
    this.#endFirstCheck(member);
  }

  /** The gauges: one host with these flags more, or fewer. */
  #count(flags: number, amount: 1 | -1): void {
    if (!isFailed(flags)) this.#options.stats.healthy.add(amount);
    if (isDegraded(flags)) this.#options.stats.degraded.add(amount);
  }

  #endFirstCheck(member: Member): void {
    const round = this.#firstRound;
    if (round === undefined || !round.waiting.delete(member) || round.waiting.size > 0) return;
    this.#firstRound = undefined;
    round.onDone();
  }

  #reportEvents(
    member: Member,
    before: number,
    after: number,
    result: CheckResult,
    isFirstCheck: boolean,
  ): void {
    const report = (event: HealthCheckEventKind): void => {
      const { cluster, settings, clock, onEvent } = this.#options;
      onEvent({
        event,
        checkerType: checkerTypes[settings.checker.kind],
        host: member.endpoint.address,
        clusterName: cluster.name,
        locality: member.locality,
        at: clock.now(),
      });
    };
    if (isFailed(before) && !isFailed(after)) report({ kind: 'add-healthy', isFirstCheck });
    if (result.kind === 'failure') {
      if (!isFailed(before) && isFailed(after)) report({ kind: 'eject-unhealthy', failureType: result.type });
      if (isFirstCheck) report({ kind: 'check-failed', failureType: result.type, isFirstCheck });
      return;
    }
    if (isDegraded(before) !== isDegraded(after)) {
      report({ kind: isDegraded(after) ? 'degraded' : 'no-longer-degraded' });
    }
  }
}

function isDegraded(flags: number): boolean {
  return (flags & hostFlag.degradedActiveHealthCheck) !== 0;
}
