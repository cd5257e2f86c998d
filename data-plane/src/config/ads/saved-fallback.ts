import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { SavedSource, SavedType } from '../saved/saved-resources.ts';
import type { Restored } from './type-channel.ts';

export interface SavedFallbackOptions {
  readonly source: SavedSource;
  readonly clock: Clock;
  /** Some subscription has had no first answer. */
  isWaiting(): boolean;
  /** In turn with responses. */
  restore(saved: SavedType): Promise<Restored>;
  /** The server, which is told at the start what is held, agrees with all of it. */
  onAgreed(): void;
}

/**
 * Decides when subscriptions take what was saved: when the server has said nothing for some time while one of them
 * waits for its first answer. From then on until the server answers, later ones take it at once. Whatever the server
 * says wins. Nothing is read from the disk before.
 */
export class SavedFallback {
  readonly #options: SavedFallbackOptions;
  readonly #planned = new Set<string>();
  #silenceTimer: Timer | undefined;
  #agreementTimer: Timer | undefined;
  #isAway = false;
  #isInUse = false;
  /** There is nothing (more) to be had. */
  #isOver = false;

  constructor(options: SavedFallbackOptions) {
    this.#options = options;
  }

  /** Somebody subscribed to what nobody else subscribes to. */
  onSubscribed(typeUrl: string): void {
    if (!this.#isAway) return this.#arm();
    if (this.#planned.size === 0) queueMicrotask(() => void this.#restorePlanned());
    this.#planned.add(typeUrl);
  }

  onAnswer(): void {
    this.#isAway = false;
    this.#silenceTimer?.cancel();
    this.#silenceTimer = undefined;
    this.#reconcile();
    this.#arm();
  }

  /** `isComparing`: the server learns what is held, and may have nothing to say about it. */
  onOpen(isComparing: boolean): void {
    if (!this.#isInUse || !isComparing) return;
    this.#agreementTimer = this.#options.clock.setTimer(this.#options.source.waitMs, () => {
      this.#isAway = false;
      this.#options.onAgreed();
      this.#reconcile();
    });
  }

  onClose(): void {
    this.#agreementTimer?.cancel();
  }

  stop(): void {
    this.#isOver = true;
    this.#silenceTimer?.cancel();
    this.#agreementTimer?.cancel();
  }

  #arm(): void {
    if (this.#isOver || this.#silenceTimer !== undefined) return;
    const { clock, source } = this.#options;
    this.#silenceTimer = clock.setTimer(source.waitMs, () => {
      this.#silenceTimer = undefined;
      if (this.#options.isWaiting()) void this.#onSilence();
    });
  }

  async #load(): Promise<ReadonlyMap<string, SavedType> | undefined> {
    const types = await this.#options.source.load();
    if (types === undefined) this.#isOver = true;
    return this.#isOver ? undefined : types;
  }

  async #onSilence(): Promise<void> {
    const types = await this.#load();
    if (types === undefined) return;
    this.#isAway = true;
    await this.#restore([...types.values()]);
  }

  async #restorePlanned(): Promise<void> {
    const typeUrls = [...this.#planned];
    this.#planned.clear();
    const types = await this.#load();
    if (types === undefined) return;
    await this.#restore(typeUrls.flatMap((typeUrl) => types.get(typeUrl) ?? []));
  }

  async #restore(types: readonly SavedType[]): Promise<void> {
    let restoredCount = 0;
    let unusableCount = 0;
    for (const type of types) {
      const restored = await this.#options.restore(type);
      restoredCount += restored.accepted.length;
      unusableCount += restored.unusableCount;
    }
    if (restoredCount + unusableCount === 0) return;
    this.#isInUse ||= restoredCount > 0;
    this.#options.source.onRestored(restoredCount, unusableCount);
  }

  #reconcile(): void {
    if (!this.#isInUse) return;
    this.#isInUse = false;
    this.#agreementTimer?.cancel();
    this.#options.source.onReconciled();
  }
}
