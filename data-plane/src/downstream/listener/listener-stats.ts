import type { Clock } from '@heddle/shared/time/clock';
import type { Listener } from '../../config/model/listener.ts';
import { formatAddress } from '../../config/model/address.ts';
import type { Counter, Gauge, Histogram, StatsScope } from '../../stats/stats.ts';

/** `listener.<address>.`, with `:` as `_`, or the configured prefix; and the worker's share below it. */
export class ListenerStats {
  readonly scope: StatsScope;
  readonly noFilterChainMatch: Counter;
  readonly overflow: Counter;
  readonly #clock: Clock;
  readonly #total: Counter;
  readonly #active: Gauge;
  readonly #destroy: Counter;
  readonly #lengthMs: Histogram;
  readonly #workerTotal: Counter;
  readonly #workerActive: Gauge;

  constructor(stats: StatsScope, listener: Listener, workerIndex: number, clock: Clock) {
    this.#clock = clock;
    this.scope = stats.scope(`listener.${statNameOf(listener)}.`);
    this.noFilterChainMatch = this.scope.counter('no_filter_chain_match');
    this.overflow = this.scope.counter('downstream_cx_overflow');
    this.#total = this.scope.counter('downstream_cx_total');
    this.#active = this.scope.gauge('downstream_cx_active');
    this.#destroy = this.scope.counter('downstream_cx_destroy');
    this.#lengthMs = this.scope.histogram('downstream_cx_length_ms');
    const worker = this.scope.scope(`worker_${workerIndex}.`);
    this.#workerTotal = worker.counter('downstream_cx_total');
    this.#workerActive = worker.gauge('downstream_cx_active');
  }

  /** Returns the moment, for `onDisconnect`. */
  onConnect(): number {
    this.#total.inc();
    this.#active.inc();
    this.#workerTotal.inc();
    this.#workerActive.inc();
    return this.#clock.monotonicMs();
  }

  onDisconnect(connectedMs: number): void {
    this.#active.dec();
    this.#workerActive.dec();
    this.#destroy.inc();
    this.#lengthMs.record(this.#clock.monotonicMs() - connectedMs);
  }
}

function statNameOf(listener: Listener): string {
  return (listener.statPrefix || formatAddress(listener.address)).replaceAll(':', '_');
}
