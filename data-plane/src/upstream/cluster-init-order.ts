/** A cluster that has yet to warm for the first time. */
export interface Initializable {
  /** Needs xDS for its hosts, so it waits until the clusters that xDS itself may use are there. */
  readonly isSecondary: boolean;
  start(): void;
}

export interface InitOrderEvents {
  /** Every primary cluster of the bootstrap has warmed: ADS may start. */
  onPrimaryReady(): void;
  /** Every cluster of the bootstrap has warmed: CDS may start. */
  onStaticReady(): void;
  /** The first CDS answer (or its failure) is there, and its clusters have warmed. */
  onAllReady(): void;
}

/**
 * The order of a start: primary clusters of the bootstrap, then its secondary ones, then CDS and its clusters,
 * primary before secondary again. After that every cluster starts as it comes.
 */
export class ClusterInitOrder {
  readonly #events: InitOrderEvents;
  readonly #primary = new Set<Initializable>();
  readonly #secondary = new Set<Initializable>();
  readonly #held = new Set<Initializable>();
  #isStaticLoaded = false;
  #isPrimaryReady = false;
  #maySecondaryStart = false;
  #isStaticReady = false;
  #isDynamicAnswered = true;
  #isAllReady = false;
  #isEvaluating = false;

  constructor(events: InitOrderEvents) {
    this.#events = events;
  }

  add(cluster: Initializable): void {
    if (this.#isAllReady) {
      cluster.start();
      return;
    }
    if (cluster.isSecondary) {
      this.#held.add(cluster);
      this.#evaluate();
    } else {
      this.#primary.add(cluster);
      cluster.start();
    }
  }

  /** It warmed, or is no longer wanted. */
  finish(cluster: Initializable): void {
    if (this.#isAllReady) return;
    this.#primary.delete(cluster);
    this.#secondary.delete(cluster);
    this.#held.delete(cluster);
    this.#evaluate();
  }

  /** All clusters of the bootstrap have been added. */
  onStaticLoaded(): void {
    this.#isStaticLoaded = true;
    this.#evaluate();
  }

  /** xDS can be asked now. `awaitsDynamic`: there is a CDS, whose first answer belongs to the start. */
  startSecondary(awaitsDynamic: boolean): void {
    this.#maySecondaryStart = true;
    this.#isDynamicAnswered = !awaitsDynamic;
    this.#evaluate();
  }

  onDynamicAnswered(): void {
    this.#isDynamicAnswered = true;
    this.#evaluate();
  }

  /** Starting a cluster may finish it at once, so this runs to its end before it is entered again. */
  #evaluate(): void {
    if (this.#isEvaluating) return;
    this.#isEvaluating = true;
    while (this.#advance());
    this.#isEvaluating = false;
  }

  /** One step; false when there is none to take. */
  #advance(): boolean {
    if (!this.#isStaticLoaded || this.#primary.size > 0) return false;
    if (!this.#isPrimaryReady) {
      this.#isPrimaryReady = true;
      this.#events.onPrimaryReady();
      return true;
    }
    if (!this.#maySecondaryStart) return false;
    if (this.#held.size > 0) {
      const started = [...this.#held];
      this.#held.clear();
      for (const cluster of started) this.#secondary.add(cluster);
      for (const cluster of started) cluster.start();
      return true;
    }
    if (this.#secondary.size > 0) return false;
    if (!this.#isStaticReady) {
      this.#isStaticReady = true;
      this.#events.onStaticReady();
      return true;
    }
    if (!this.#isDynamicAnswered || this.#isAllReady) return false;
    this.#isAllReady = true;
    this.#events.onAllReady();
    return false;
  }
}
