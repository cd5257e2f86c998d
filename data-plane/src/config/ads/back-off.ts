import { randomInteger, type Rng } from '@heddle/shared/random/rng';

export interface BackOffSettings {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** Envoy's defaults for the stream to the management server. */
export const defaultBackOff: BackOffSettings = { baseMs: 500, maxMs: 30_000 };

/** Exponential with full jitter: each delay is uniform in [0, bound), and the bound doubles up to the maximum. */
export class BackOff {
  readonly #settings: BackOffSettings;
  readonly #rng: Rng;
  #boundMs: number;

  constructor(settings: BackOffSettings, rng: Rng) {
    this.#settings = settings;
    this.#rng = rng;
    this.#boundMs = settings.baseMs;
  }

  nextDelayMs(): number {
    const delayMs = randomInteger(this.#rng, this.#boundMs);
    this.#boundMs = Math.min(this.#boundMs * 2, this.#settings.maxMs);
    return delayMs;
  }

  reset(): void {
    this.#boundMs = this.#settings.baseMs;
  }
}
