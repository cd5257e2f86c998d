import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { DnsSettings } from '../../config/model/cluster.ts';
import type { Counter, StatsScope } from '../../stats/stats.ts';
import { dnsStats, refreshStats } from './discovery-stats.ts';
import { resolveFamily, type DnsRecord, type DnsResolver } from './dns-resolver.ts';

export interface DnsContext {
  readonly resolver: DnsResolver;
  readonly clock: Clock;
  readonly rng: Rng;
  /** The cluster's scope. */
  readonly stats: StatsScope;
}

export interface DnsTargetOptions {
  readonly name: string;
  readonly settings: DnsSettings;
  /** LOGICAL_DNS takes an empty answer for a failure, and looks at the first record's time to live only. */
  readonly isLogical: boolean;
  readonly onResolved: (records: readonly DnsRecord[]) => void;
  /** What was known stays. */
  readonly onFailed: () => void;
}

/** Resolves one name again and again. Times count from the end of the attempt before. */
export class DnsTarget {
  readonly #context: DnsContext;
  readonly #options: DnsTargetOptions;
  readonly #attempts: Counter;
  readonly #successes: Counter;
  readonly #failures: Counter;
  #timer: Timer | undefined;
  #isStopped = false;
  /** Upper bound of the next wait after a failure; undefined = the base. */
  #failureBoundMs: number | undefined;

  constructor(context: DnsContext, options: DnsTargetOptions) {
    this.#context = context;
    this.#options = options;
    const { attempts, successes } = refreshStats.create(context.stats);
    this.#attempts = attempts;
    this.#successes = successes;
    this.#failures = dnsStats.create(context.stats).failures;
  }

  start(): void {
    this.#attempts.inc();
    const { name, settings } = this.#options;
    resolveFamily(this.#context.resolver, name, settings.lookupFamily).then(
      (records) => this.#onAnswer(records),
      () => this.#onFailure(),
    );
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #onAnswer(records: readonly DnsRecord[]): void {
    if (this.#isStopped) return;
    if (records.length === 0 && this.#options.isLogical) {
      this.#onFailure();
      return;
    }
    this.#failureBoundMs = undefined;
    this.#successes.inc();
    this.#schedule(this.#refreshMs(records));
    this.#options.onResolved(records);
  }

  #onFailure(): void {
    if (this.#isStopped) return;
    this.#failures.inc();
    this.#schedule(this.#failureMs());
    this.#options.onFailed();
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#context.clock.setTimer(delayMs, () => this.start());
  }

  #refreshMs(records: readonly DnsRecord[]): number {
    const { refreshRateMs, respectDnsTtl, jitterMs } = this.#options.settings;
    let delayMs = refreshRateMs;
    if (respectDnsTtl) {
      const considered = this.#options.isLogical ? records.slice(0, 1) : records;
      const ttls = considered.flatMap(({ ttlSeconds }) => (ttlSeconds === undefined ? [] : [ttlSeconds]));
      const ttlMs = ttls.length === 0 ? 0 : Math.min(...ttls) * 1000;
      if (ttlMs > 0) delayMs = ttlMs;
    }
    return delayMs + (jitterMs > 0 ? randomInteger(this.#context.rng, jitterMs) : 0);
  }

  /** Jittered exponential back-off where it is configured, else the refresh rate. */
  #failureMs(): number {
    const { failureRefreshBaseMs, failureRefreshMaxMs, refreshRateMs } = this.#options.settings;
    if (failureRefreshBaseMs === undefined) return refreshRateMs;
    const maxMs = failureRefreshMaxMs ?? failureRefreshBaseMs * 10;
    const boundMs = Math.min(this.#failureBoundMs ?? failureRefreshBaseMs, maxMs);
    this.#failureBoundMs = boundMs * 2;
    return Math.max(1, randomInteger(this.#context.rng, boundMs));
  }
}
