import type { Timer } from '@heddle/shared/time/clock';
import type { Http2Keepalive } from '../../config/model/http2-protocol-options.ts';
import type { Http2Options } from './options.ts';

/** The connection, as the watch over its peer sees it. */
export interface LivenessOwner {
  /** `opaque`: eight bytes. */
  sendPing(opaque: string): void;
  onSettingsTimeout(): void;
  onPingTimeout(): void;
}

/**
 * Whether the peer is still there: it acknowledges our SETTINGS in time (RFC 9113, 6.5.3), and PINGs, where the
 * configuration asks for them. Whatever is read shows that it is.
 */
export class Liveness {
  readonly #options: Http2Options;
  readonly #owner: LivenessOwner;
  readonly #keepalive: Http2Keepalive | undefined;
  #settingsTimer: Timer | undefined;
  #intervalTimer: Timer | undefined;
  #pingTimer: Timer | undefined;
  #lastReadMs = 0;
  #pingCount = 0;

  constructor(options: Http2Options, owner: LivenessOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#keepalive = options.keepalive;
  }

  /** Our SETTINGS were written. */
  start(): void {
    const { clock, settingsAckTimeoutMs } = this.#options;
    this.#settingsTimer = clock.setTimer(settingsAckTimeoutMs, () => this.#owner.onSettingsTimeout());
    if (this.#keepalive !== undefined) this.#lastReadMs = clock.monotonicMs();
    this.#startInterval();
  }

  stop(): void {
    this.#settingsTimer?.cancel();
    this.#intervalTimer?.cancel();
    this.#pingTimer?.cancel();
  }

  onSettingsAck(): void {
    this.#settingsTimer?.cancel();
    this.#settingsTimer = undefined;
  }

  /** Bytes came. */
  onRead(): void {
    if (this.#keepalive !== undefined) this.#lastReadMs = this.#options.clock.monotonicMs();
  }

  /** Of the PING that is in flight; any other acknowledgement means nothing. */
  onPingAck(opaque: string): void {
    if (this.#pingTimer === undefined || opaque !== this.#opaque()) return;
    this.#pingTimer.cancel();
    this.#pingTimer = undefined;
    this.#startInterval();
  }

  /** A stream is about to begin. */
  onNewStream(): void {
    const idleIntervalMs = this.#keepalive?.idleIntervalMs ?? 0;
    if (idleIntervalMs === 0 || this.#pingTimer !== undefined) return;
    if (this.#options.clock.monotonicMs() - this.#lastReadMs >= idleIntervalMs) this.#ping();
  }

  #startInterval(): void {
    const keepalive = this.#keepalive;
    if (keepalive === undefined || keepalive.intervalMs === 0) return;
    const jitterMs = keepalive.intervalMs * keepalive.intervalJitterRatio * this.#options.rng.next();
    this.#intervalTimer?.cancel();
    this.#intervalTimer = this.#options.clock.setTimer(keepalive.intervalMs + jitterMs, () => this.#ping());
  }

  #ping(): void {
    const keepalive = this.#keepalive;
    if (keepalive === undefined || this.#pingTimer !== undefined) return;
    this.#intervalTimer?.cancel();
    this.#pingCount++;
    this.#owner.sendPing(this.#opaque());
    this.#await(keepalive.timeoutMs, this.#options.clock.monotonicMs(), keepalive.timeoutMs);
  }

  /** Looks again after `delayMs`; what was read after `sinceMs` gives the peer `timeoutMs` more. */
  #await(delayMs: number, sinceMs: number, timeoutMs: number): void {
    const { clock } = this.#options;
    this.#pingTimer = clock.setTimer(delayMs, () => {
      const silentMs = clock.monotonicMs() - Math.max(sinceMs, this.#lastReadMs);
      if (silentMs >= timeoutMs) this.#owner.onPingTimeout();
      else this.#await(timeoutMs - silentMs, sinceMs, timeoutMs);
    });
  }

  #opaque(): string {
    return this.#pingCount.toString(16).padStart(8, '0').slice(-8);
  }
}
