import { watch, type FSWatcher } from 'node:fs';
import { messageOf } from '../errors/heddle-error.ts';
import type { Logger } from '../logging/logger.ts';

/**
 * Watches directories for files (or links) that are renamed into place: how certificates are replaced without a moment
 * at which half of one is there. A file that is written where it stands is not noticed.
 */
export class WatchedDirectories {
  readonly #watchers: FSWatcher[] = [];
  readonly #onMove: () => void;
  #isPlanned = false;
  #isStopped = false;

  /** `onMove` is called once for all moves of a turn. `fileName`: only moves of it. */
  constructor(directories: readonly string[], onMove: () => void, logger: Logger, fileName?: string) {
    this.#onMove = onMove;
    for (const directory of directories) {
      const fail = (err: unknown): void =>
        logger.error({ directory, err: messageOf(err) }, 'directory cannot be watched');
      try {
        const watcher = watch(directory, { persistent: false }, (event, name) => {
          if (event === 'rename' && (fileName === undefined || name === fileName)) this.#plan();
        });
        watcher.on('error', fail);
        this.#watchers.push(watcher);
      } catch (thrown) {
        fail(thrown);
      }
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const watcher of this.#watchers) watcher.close();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      if (!this.#isStopped) this.#onMove();
    });
  }
}
