import { sleep, systemClock } from '@heddle/shared/time/clock';
import { sampleStats, type Movements } from './movements.ts';
import type { SidecarProcess } from './sidecar-process.ts';

/** Far beyond what any of them takes; so that a test in vain says what it waited for. */
const patienceMs = 40_000;
/** The sidecar shall have time for something else than to be asked. */
const pollMs = 20;

/** A running sidecar of a scenario, and what has moved in all of them. */
export class ScenarioRun {
  readonly sidecar: SidecarProcess;
  readonly #movements: Movements;

  constructor(sidecar: SidecarProcess, movements: Movements) {
    this.sidecar = sidecar;
    this.#movements = movements;
  }

  async sample(): Promise<void> {
    this.#movements.add(await sampleStats(this.sidecar.adminPort));
  }

  /** Looks until all of these have moved: names of the page, all below one prefix. */
  async untilMoved(prefix: string, ...names: readonly string[]): Promise<void> {
    await this.repeatUntilMoved(prefix, names, () => undefined);
  }

  /** For what depends on the time between two events: done again before each look. */
  async repeatUntilMoved(prefix: string, names: readonly string[], action: () => void): Promise<void> {
    const startMs = systemClock.monotonicMs();
    for (;;) {
      action();
      await this.sample();
      const missing = names.filter((name) => !this.#movements.has(prefix + name));
      if (missing.length === 0) return;
      if (systemClock.monotonicMs() - startMs > patienceMs) throw new Error(`unmoved: ${missing.join(', ')}`);
      await sleep(systemClock, pollMs);
    }
  }
}
