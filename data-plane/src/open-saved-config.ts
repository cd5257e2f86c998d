import { setImmediate } from 'node:timers/promises';
import type { SavedConfig } from './config/saved/saved-config.ts';
import type { DataPlaneOptions } from './data-plane.ts';
import type { StatsScope } from './stats/stats.ts';

/**
 * What keeps the last good configuration, if it is to be kept: loaded only then.
 *
 * @throws HeddleError `file-unusable` when the key cannot be read
 */
export async function openSavedConfig({
  settings,
  bootstrap,
  api,
  clock,
  logger,
}: DataPlaneOptions): Promise<((stats: StatsScope) => SavedConfig) | undefined> {
  const { savedConfig } = settings;
  if (savedConfig === undefined) return undefined;
  const [{ createSavedConfig }, { readKeyFile }] = await Promise.all([
    import('./config/saved/saved-config.ts'),
    import('./config/saved/read-key-file.ts'),
  ]);
  const { path, keyPath, waitMs } = savedConfig;
  const key = keyPath === undefined ? undefined : readKeyFile(keyPath);
  const owner = { nodeId: bootstrap.node.id, nodeCluster: bootstrap.node.cluster };
  return (stats) =>
    createSavedConfig({
      path,
      key,
      waitMs,
      owner,
      api,
      clock,
      logger,
      stats,
      yieldTurn: () => setImmediate(),
    });
}
