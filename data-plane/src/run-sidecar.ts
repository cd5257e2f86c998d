import { writeFileSync } from 'node:fs';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import { systemRng } from '@heddle/shared/random/rng';
import { systemClock } from '@heddle/shared/time/clock';
import { createValidator } from '@heddle/shared/xds/validate';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { effectiveRuntime } from './config/model/bootstrap.ts';
import type { DecoderOptions } from './config/resources/decode-context.ts';
import { createResourceTypes, httpFilterDecoders } from './config/resources/resource-types.ts';
import { SharedTokenBuckets } from './config/resources/token-bucket.ts';
import { startDataPlane, type DataPlane } from './data-plane.ts';
import { compileFormat } from './downstream/http/access-log/compile-format.ts';
import type { ProcessLog } from './process-log.ts';
import { readBootstrap } from './read-bootstrap.ts';
import type { SidecarSettings } from './settings.ts';

export interface SidecarRun {
  readonly settings: SidecarSettings;
  /** Heddle's. */
  readonly version: string;
  /** As `/server_info` shows it. */
  readonly shownVersion: string;
  readonly log: ProcessLog;
  /** What serves, as soon as it does: for signals. */
  onStarted(dataPlane: DataPlane): void;
}

/**
 * Reads the bootstrap and serves until it is told to end; in the modes that do not serve, only as far as they go.
 *
 * @throws InvalidInputError with every problem of the bootstrap
 * @throws HeddleError for what keeps the process from running
 */
export async function runSidecar({
  settings,
  version,
  shownVersion,
  log,
  onStarted,
}: SidecarRun): Promise<void> {
  const { logger } = log;
  const api = loadApi();
  const { isAllowedStatic, dynamic } = settings.unknownFields;
  const decoderOptions: DecoderOptions = {
    api,
    validator: createValidator(api.types),
    httpFilters: httpFilterDecoders,
    compileFormat,
    runtime: {},
    sharedBuckets: new SharedTokenBuckets(),
    hasDeprecationWarnings: settings.hasDeprecationWarnings,
    unknownFields: isAllowedStatic ? 'warn' : 'refuse',
  };
  const { bootstrap, warnings } = await readBootstrap(settings, decoderOptions, version);
  for (const { path, message } of warnings) logger.warn({ path, problem: message }, 'bootstrap');
  if (settings.mode === 'validate') return;
  const dataPlane = await startDataPlane({
    settings,
    bootstrap,
    resourceTypes: createResourceTypes({
      ...decoderOptions,
      unknownFields: dynamic,
      runtime: effectiveRuntime(bootstrap.runtime),
      staticSecrets: new Map(bootstrap.staticSecrets.map(({ value }) => [value.name, value])),
      grpcClusters: new Set(bootstrap.grpcServers.keys()),
      hasAds: bootstrap.ads !== undefined,
    }),
    api,
    version: shownVersion,
    clock: systemClock,
    rng: systemRng,
    logger,
    reopenLog: () => log.reopen(),
  });
  const { adminAddressPath } = settings;
  if (adminAddressPath !== undefined && dataPlane.adminAddress !== undefined) {
    writeFact(adminAddressPath, dataPlane.adminAddress);
  }
  onStarted(dataPlane);
  if (settings.mode === 'init_only') dataPlane.control.quit();
  const reason = await dataPlane.ended;
  if (reason !== undefined) throw reason;
}

/** @throws HeddleError `file-unusable` */
export function writeFact(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new HeddleError('file-unusable', `cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
}
