import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import { EdfScheduler } from './edf-scheduler.ts';
import { haveEqualWeights, type Candidate, type LoadBalancer, type Picker } from './load-balancer.ts';
import type { SlowStartFactor } from './slow-start.ts';

/** Where a plain rotation stands; kept when its list of hosts changes. */
interface Rotation {
  next: number;
}

/** Weighted round robin. Equal weights rotate; others are scheduled by earliest deadline first. */
export class RoundRobinLoadBalancer<H extends Candidate> implements LoadBalancer<H> {
  readonly #rotations = new Map<string, Rotation>();
  /** Where rotations and schedules begin: many proxies must not start in step. */
  readonly #seed: number;
  readonly #slowStart: SlowStartFactor | undefined;

  constructor(rng: Rng, slowStart?: SlowStartFactor) {
    this.#seed = randomInteger(rng, 2 ** 32);
    this.#slowStart = slowStart;
  }

  createPicker(source: string, hosts: readonly H[]): Picker<H> {
    const slowStart = this.#slowStart;
    const isStarting = slowStart !== undefined && hosts.some((host) => slowStart.isStarting(host));
    if (!isStarting && haveEqualWeights(hosts)) {
      let rotation = this.#rotations.get(source);
      if (rotation === undefined) {
        rotation = { next: this.#seed };
        this.#rotations.set(source, rotation);
      }
      return new RotatingPicker(hosts, rotation);
    }
    return new ScheduledPicker(
      hosts,
      slowStart === undefined ? (host) => host.weight : (host) => host.weight * slowStart.of(host),
      this.#seed,
    );
  }
}

class RotatingPicker<H extends Candidate> implements Picker<H> {
  readonly #hosts: readonly H[];
  readonly #rotation: Rotation;

  constructor(hosts: readonly H[], rotation: Rotation) {
    this.#hosts = hosts;
    this.#rotation = rotation;
  }

  pick(): H {
    return this.#hosts[this.#rotation.next++ % this.#hosts.length] as H;
  }
}

/** Picks by earliest deadline first; `weightOf` is asked at each pick. */
export class ScheduledPicker<H extends Candidate> implements Picker<H> {
  readonly #hosts: readonly H[];
  readonly #scheduler: EdfScheduler;

  constructor(hosts: readonly H[], weightOf: (host: H) => number, skippedPicks: number) {
    this.#hosts = hosts;
    this.#scheduler = new EdfScheduler(hosts.length, (entry) => weightOf(hosts[entry] as H), skippedPicks);
  }

  pick(): H {
    return this.#hosts[this.#scheduler.pick()] as H;
  }
}
