import { readFile } from 'node:fs/promises';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock } from '@heddle/shared/time/clock';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { StatsScope } from '../../stats/stats.ts';
import { savedConfigStats } from './saved-config-stats.ts';
import { readSavedFile, writeSavedFile, type SavedContent, type SavedOwner } from './saved-file.ts';
import type { SavedSource, SavedType } from './saved-resources.ts';
import { SaveSchedule } from './save-schedule.ts';
import { SecretFilter } from './secret-filter.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

/**
 * The last good configuration on disk: what control planes sent and the proxy accepted, so that it can start while
 * none answers. Written some time after changes, never before the process is live: what has not come yet must not
 * replace what came to the process before. Main thread.
 */
export interface SavedConfig {
  /** The part of one stream; `key` is the same in every process. */
  source(key: string): SavedSource;
  /** Everything has had its first answer: from now on changes are written, and nothing is read any more. */
  onLive(): void;
  inspect(): SavedConfigState;
  /** Writes what has not been written. Nothing happens afterwards. */
  stop(): Promise<void>;
}

/** `serving`: where what serves came from. */
export interface SavedConfigState {
  readonly path: string;
  readonly isEncrypted: boolean;
  readonly serving: 'control plane' | 'file';
  /** Of the file that was started from, epoch ms. */
  readonly startedFrom:
    { readonly savedAt: number; readonly restoredCount: number; readonly unusableCount: number } | undefined;
  /** Why the file was not used, if it was to be. */
  readonly refusal: string | undefined;
  readonly lastWrite: { readonly at: number; readonly sizeBytes: number } | undefined;
}

export interface SavedConfigOptions {
  readonly path: string;
  /** AES-256; without it what holds private keys or passwords is not written. */
  readonly key: Uint8Array | undefined;
  readonly waitMs: number;
  readonly owner: SavedOwner;
  readonly api: XdsApi;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The root scope. */
  readonly stats: StatsScope;
  readonly yieldTurn: () => Promise<void>;
}

export function createSavedConfig(options: SavedConfigOptions): SavedConfig {
  const { path, key, owner, clock, waitMs } = options;
  const logger = options.logger.child({ component: 'saved-config' });
  const stats = savedConfigStats.create(options.stats.scope('saved_config.'));
  const secretFilter = new SecretFilter(options.api, options.yieldTurn, clock);
  const heldBySource = new Map<string, () => readonly SavedType[]>();
  const inUse = new Set<string>();
  let loading: Promise<SavedContent | undefined> | undefined;
  let isLive = false;
  let hasChanged = false;
  let isFailureLogged = false;
  let startedFrom: SavedConfigState['startedFrom'];
  let refusal: string | undefined;
  let lastWrite: SavedConfigState['lastWrite'];

  async function read(): Promise<SavedContent | undefined> {
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (isMissing) logger.warn({ path }, 'no control plane answers, and there is no saved configuration');
      else refuse(messageOf(error));
      return undefined;
    }
    const file = readSavedFile(bytes, owner, key);
    if (file.kind === 'usable') return file.content;
    refuse(file.reason);
    return undefined;
  }

  function refuse(reason: string): void {
    refusal = reason;
    stats.fileRefused.inc();
    logger.error({ path, reason }, 'the saved configuration cannot be used and is ignored');
  }

  function onRestored(
    sourceKey: string,
    content: SavedContent,
    restoredCount: number,
    unusableCount: number,
  ): void {
    const { savedAt } = content;
    stats.restored.add(restoredCount);
    stats.unusable.add(unusableCount);
    if (startedFrom === undefined) {
      const ageSeconds = Math.round((clock.now() - savedAt) / 1000);
      logger.warn(
        { path, savedAt: new Date(savedAt).toISOString(), ageSeconds },
        'no control plane answers: starting from the saved configuration',
      );
    }
    startedFrom = {
      savedAt,
      restoredCount: (startedFrom?.restoredCount ?? 0) + restoredCount,
      unusableCount: (startedFrom?.unusableCount ?? 0) + unusableCount,
    };
    if (restoredCount > 0) inUse.add(sourceKey);
    stats.inUse.set(inUse.size > 0 ? 1 : 0);
  }

  function onReconciled(sourceKey: string): void {
    if (!inUse.delete(sourceKey) || inUse.size > 0) return;
    stats.inUse.set(0);
    logger.info('a control plane answers: it decides again what is served');
  }

  /** Whether it succeeded. */
  async function write(): Promise<boolean> {
    const startMs = clock.monotonicMs();
    const sources = new Map<string, readonly SavedType[]>();
    for (const [sourceKey, held] of heldBySource) {
      const types = held();
      sources.set(sourceKey, key === undefined ? await secretFilter.withoutSecrets(types) : types);
    }
    const savedAt = clock.now();
    const bytes = writeSavedFile({ owner, savedAt, sources }, key);
    stats.prepareTime.record(clock.monotonicMs() - startMs);
    try {
      await writeFileAtomically(path, bytes);
    } catch (error) {
      stats.writeFailures.inc();
      logger[isFailureLogged ? 'debug' : 'error'](
        { path, err: messageOf(error) },
        'the configuration cannot be saved: the file before stays',
      );
      isFailureLogged = true;
      return false;
    }
    isFailureLogged = false;
    lastWrite = { at: savedAt, sizeBytes: bytes.length };
    stats.writes.inc();
    stats.size.set(bytes.length);
    stats.savedAt.set(savedAt);
    logger.debug({ path, sizeBytes: bytes.length }, 'configuration saved');
    return true;
  }

  const schedule = new SaveSchedule(clock, write);

  return {
    source(sourceKey) {
      return {
        waitMs,
        async load() {
          if (isLive) return undefined;
          const content = await (loading ??= read());
          if (content === undefined) return undefined;
          return new Map(content.sources.get(sourceKey)?.map((type) => [type.typeUrl, type]));
        },
        onChanged() {
          hasChanged = true;
          if (isLive) schedule.onChange();
        },
        onRestored(restoredCount, unusableCount) {
          void loading?.then((content) => {
            if (content !== undefined) onRestored(sourceKey, content, restoredCount, unusableCount);
          });
        },
        onReconciled: () => onReconciled(sourceKey),
        setHeld: (held) => void heldBySource.set(sourceKey, held),
        remove() {
          heldBySource.delete(sourceKey);
          onReconciled(sourceKey);
        },
      };
    },
    onLive() {
      if (isLive) return;
      isLive = true;
      loading = undefined;
      // What no control plane has answered for in this process is in the file already, or was never known.
      if (hasChanged) schedule.onChange();
    },
    inspect: () => ({
      path,
      isEncrypted: key !== undefined,
      serving: inUse.size > 0 ? 'file' : 'control plane',
      startedFrom,
      refusal,
      lastWrite,
    }),
    stop: () => schedule.stop(),
  };
}
