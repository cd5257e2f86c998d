import type { Rng } from '@heddle/shared/random/rng';
import { BackOff } from './back-off.ts';
import type { Outcome } from './mux-state.ts';

const settings = { baseMs: 200, maxMs: 5000 } as const;

/**
 * A server that answers a NACK by sending the same again would go round with us as fast as the network lets it. The
 * first NACK goes out at once; of a response that is refused again for the same reasons it waits, longer each time.
 */
export class NackDelay {
  readonly #rng: Rng;
  readonly #refused = new Map<string, { readonly key: string; readonly backOff: BackOff }>();

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** How long the answer to this response is to wait; 0 = not at all. */
  delayMs(typeUrl: string, version: string, outcome: Outcome): number {
    if (outcome.kind !== 'refused') {
      this.#refused.delete(typeUrl);
      return 0;
    }
    const key = `${version}\n${outcome.error.message}`;
    const last = this.#refused.get(typeUrl);
    if (last?.key === key) return last.backOff.nextDelayMs();
    this.#refused.set(typeUrl, { key, backOff: new BackOff(settings, this.#rng) });
    return 0;
  }
}
