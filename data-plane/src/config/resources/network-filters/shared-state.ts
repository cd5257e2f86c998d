import type { RuntimeFeatureFlag } from '@heddle/shared/xds/api';
import type { DecodeContext } from '../decode-context.ts';

/** Filters that count over all workers have a place for each; a sidecar never has more. */
export const maxWorkerCount = 256;

/** What the runtime says, else what the configuration does, else yes. */
export function isFeatureEnabled(context: DecodeContext, flag: RuntimeFeatureFlag | undefined): boolean {
  if (flag === undefined) return true;
  const value = context.options.runtime[flag.runtimeKey];
  if (typeof value === 'boolean') return value;
  return flag.defaultValue ?? false;
}
