import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { Validity } from '../model/tls.ts';

export interface WatchedCertificate {
  /** The listener or cluster, for the log. */
  readonly owner: string;
  /** Empty: it stands in the configuration. */
  readonly secret: string;
  readonly validity: Validity;
}

const dayMs = 86_400_000;
/** Timers have an end. */
const maxWaitMs = dayMs;
/** Certificates are renewed when two thirds of their time are over, or earlier; this one has not been. */
const warnedShare = 0.8;
/** Envoy's value where there is no certificate. */
const noCertificateDays = 4_294_967_295;

type Stage = 'valid' | 'warned' | 'expired';

/**
 * Says in the log when certificates and authorities in use come near their end, and when they have come to it; each is
 * said once. Main thread only.
 */
export class ExpiryWatch {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #byUser = new Map<object, readonly WatchedCertificate[]>();
  readonly #stages = new Map<string, Stage>();
  #timer: Timer | undefined;
  #isPlanned = false;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** In place of what `user` had. */
  watch(user: object, certificates: readonly WatchedCertificate[]): void {
    this.#byUser.set(user, certificates);
    if (this.#isPlanned) return;
    // Many come at once.
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      this.#check();
    });
  }

  forget(user: object): void {
    this.#byUser.delete(user);
    if (this.#byUser.size === 0) this.stop();
  }

  /** As Envoy rounds it: 0 from the last day on. */
  daysUntilFirstExpiry(): number {
    const ends = [...this.#byUser.values()].flat().map(({ validity }) => validity.to);
    if (ends.length === 0) return noCertificateDays;
    return Math.max(0, Math.floor((Math.min(...ends) - this.#clock.now()) / dayMs));
  }

  /** No timer is left. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #check(): void {
    const now = this.#clock.now();
    const stages = new Map<string, Stage>();
    let waitMs = maxWaitMs;
    let hasNext = false;
    for (const certificate of [...this.#byUser.values()].flat()) {
      const { from, to } = certificate.validity;
      const warnAt = from + (to - from) * warnedShare;
      const key = `${certificate.owner} ${certificate.secret} ${to}`;
      const stage: Stage = now >= to ? 'expired' : now >= warnAt ? 'warned' : 'valid';
      if (stage !== 'expired') {
        hasNext = true;
        waitMs = Math.min(waitMs, (stage === 'valid' ? warnAt : to) - now);
      }
      if (stages.has(key)) continue;
      stages.set(key, stage);
      if (stage !== 'valid' && this.#stages.get(key) !== stage) this.#warn(certificate, stage);
    }
    this.#stages.clear();
    for (const [key, stage] of stages) this.#stages.set(key, stage);
    this.stop();
    if (hasNext) this.#timer = this.#clock.setTimer(Math.max(1, Math.ceil(waitMs)), () => this.#check());
  }

  #warn({ owner, secret, validity }: WatchedCertificate, stage: Stage): void {
    this.#logger.warn(
      {
        owner,
        ...(secret === '' ? {} : { secretName: secret }),
        expiresAt: new Date(validity.to).toISOString(),
      },
      stage === 'expired' ? 'certificate has expired' : 'certificate expires soon',
    );
  }
}
