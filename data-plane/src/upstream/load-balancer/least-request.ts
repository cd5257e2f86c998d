import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import { haveEqualWeights, type Candidate, type LoadBalancer, type Picker } from './load-balancer.ts';
import { ScheduledPicker } from './round-robin.ts';
import type { SlowStartFactor } from './slow-start.ts';

export interface LeastRequestSettings {
  /** Hosts that are drawn for a pick, at least 2. */
  readonly choiceCount: number;
  /** How strongly open requests lower a weight; 0 = not at all. */
  readonly activeRequestBias: number;
}

/**
 * Least request. Equal weights: draws `choiceCount` hosts with replacement and takes the one with the fewest open
 * requests. Others: scheduled with `weight / (open requests + 1)^bias`, as of the host's last turn.
 */
export class LeastRequestLoadBalancer<H extends Candidate> implements LoadBalancer<H> {
  readonly #settings: LeastRequestSettings;
  readonly #rng: Rng;
  readonly #seed: number;
  readonly #slowStart: SlowStartFactor | undefined;

  constructor(settings: LeastRequestSettings, rng: Rng, slowStart?: SlowStartFactor) {
    this.#settings = settings;
    this.#rng = rng;
    this.#seed = randomInteger(rng, 2 ** 32);
    this.#slowStart = slowStart;
  }

  createPicker(_source: string, hosts: readonly H[]): Picker<H> {
    const slowStart = this.#slowStart;
    const isStarting = slowStart !== undefined && hosts.some((host) => slowStart.isStarting(host));
    if (!isStarting && haveEqualWeights(hosts)) {
      return new FewestOfChoices(hosts, this.#settings.choiceCount, this.#rng);
    }
    const bias = this.#settings.activeRequestBias;
    return new ScheduledPicker(
      hosts,
      (host) => biasedWeight(host, bias) * (slowStart === undefined ? 1 : slowStart.of(host)),
      this.#seed,
    );
  }
}

/** Weight 10 with 4 open requests: 2 with bias 1, 4.47 with bias 0.5. */
export function biasedWeight(host: Candidate, bias: number): number {
  if (bias === 0) return host.weight;
  const openCount = host.activeRequestCount() + 1;
  return host.weight / (bias === 1 ? openCount : openCount ** bias);
}

class FewestOfChoices<H extends Candidate> implements Picker<H> {
  readonly #hosts: readonly H[];
  readonly #choiceCount: number;
  readonly #rng: Rng;

  constructor(hosts: readonly H[], choiceCount: number, rng: Rng) {
    this.#hosts = hosts;
    this.#choiceCount = Math.max(2, choiceCount);
    this.#rng = rng;
  }

  pick(): H {
    const hosts = this.#hosts;
    let best = hosts[randomInteger(this.#rng, hosts.length)] as H;
    let fewest = best.activeRequestCount();
    for (let choice = 1; choice < this.#choiceCount; choice++) {
      const host = hosts[randomInteger(this.#rng, hosts.length)] as H;
      const openCount = host.activeRequestCount();
      if (openCount < fewest) {
        best = host;
        fewest = openCount;
      }
    }
    return best;
  }
}
