import { readFile } from 'node:fs/promises';
import { dirname, basename } from 'node:path';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import { InvalidInputError, type Problem } from '@heddle/shared/errors/problem';
import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock } from '@heddle/shared/time/clock';
import type { DiscoveryResponse } from '@heddle/shared/xds/api';
import { loadConfigReader, parseConfigFile, syntaxOf } from '@heddle/shared/xds/config-file';
import { fromProtoJson } from '@heddle/shared/xds/proto-json';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { silentSubscriptionStats } from '../ads/subscription-stats.ts';
import type { Secret } from '../model/secret.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import type {
  ReceivedResource,
  ResourceWatcher,
  SubscriptionSource,
  SubscriptionStats,
} from '../subscription.ts';
import { SecretFiles } from './secret-files.ts';

export interface FileSecretSourceOptions {
  readonly path: string;
  /** Whatever is renamed in it, the file is read again; absent: when the file itself is. */
  readonly watchedDirectory: string | undefined;
  readonly type: ResourceType<Secret>;
  readonly api: XdsApi;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * `path_config_source`: a `DiscoveryResponse` in YAML, JSON or (`.pb`) protobuf. What cannot be read or used counts as
 * refused, stands in the log, and changes nothing.
 */
export function createFileSecretSource(options: FileSecretSourceOptions): SubscriptionSource<Secret> {
  return {
    subscribe(names, watcher, _initialFetchTimeoutMs, stats = silentSubscriptionStats) {
      const subscription = new FileSubscription(options, names?.[0] ?? '', watcher, stats);
      return { close: () => subscription.close() };
    },
  };
}

class FileSubscription {
  readonly #options: FileSecretSourceOptions;
  readonly #name: string;
  readonly #watcher: ResourceWatcher<Secret>;
  readonly #stats: SubscriptionStats;
  readonly #files: SecretFiles;
  #isClosed = false;
  /** One reading after the other. */
  #reading: Promise<void> = Promise.resolve();

  constructor(
    options: FileSecretSourceOptions,
    name: string,
    watcher: ResourceWatcher<Secret>,
    stats: SubscriptionStats,
  ) {
    const { path, watchedDirectory, logger } = options;
    this.#options = options;
    this.#name = name;
    this.#watcher = watcher;
    this.#stats = stats;
    // Before the first reading, so that nothing happens unseen in between.
    this.#files = new SecretFiles(
      [watchedDirectory ?? dirname(path)],
      () => this.#plan(),
      logger,
      watchedDirectory === undefined ? basename(path) : undefined,
    );
    this.#plan();
  }

  close(): void {
    this.#isClosed = true;
    this.#files.stop();
  }

  #isOpen(): boolean {
    return !this.#isClosed;
  }

  #plan(): void {
    this.#reading = this.#reading.then(() => this.#read());
  }

  async #read(): Promise<void> {
    if (!this.#isOpen()) return;
    const { clock } = this.#options;
    this.#stats.onAttempt();
    const startMs = clock.monotonicMs();
    let problems: readonly Problem[];
    try {
      const resource = await this.#readSecret();
      if (!this.#isOpen()) return;
      const { version } = resource;
      const rejected = this.#watcher.onUpdate({ upserts: [resource], removed: [], systemVersion: version });
      problems = rejected.flatMap((one) => one.problems);
      if (problems.length === 0) {
        const durationMs = clock.monotonicMs() - startMs;
        this.#stats.onSuccess({ version, atEpochMs: clock.now(), durationMs });
        return;
      }
    } catch (thrown) {
      if (!this.#isOpen()) return;
      problems =
        thrown instanceof InvalidInputError ? thrown.problems : [{ path: '', message: messageOf(thrown) }];
      this.#watcher.onRejected([{ name: this.#name, problems }]);
    }
    this.#stats.onRejected();
    this.#options.logger.warn(
      { secretName: this.#name, file: this.#options.path, problems },
      'secret refused',
    );
  }

  /** @throws InvalidInputError with every problem; HeddleError if there is no such file */
  async #readSecret(): Promise<ReceivedResource<Secret>> {
    const { path, type } = this.#options;
    const response = await this.#readResponse();
    for (const { typeUrl, value: bytes } of response.resources) {
      if (typeUrl !== type.typeUrl) continue;
      const decoded = type.decode(bytes);
      if (decoded.name !== this.#name) continue;
      if (decoded.kind === 'refused') throw new InvalidInputError(decoded.problems);
      return { name: this.#name, version: response.versionInfo, bytes, value: decoded.value };
    }
    throw new HeddleError('file-unusable', `${path} holds no secret ${JSON.stringify(this.#name)}`);
  }

  async #readResponse(): Promise<DiscoveryResponse> {
    const { path, api } = this.#options;
    const bytes = await readFile(path).catch((thrown: unknown) => {
      throw new HeddleError('file-unusable', `cannot read ${path}: ${messageOf(thrown)}`, { cause: thrown });
    });
    if (path.endsWith('.pb')) return api.decode('envoy.service.discovery.v3.DiscoveryResponse', bytes);
    const file = parseConfigFile(bytes, path, await loadConfigReader(syntaxOf(path)));
    return fromProtoJson(api, 'envoy.service.discovery.v3.DiscoveryResponse', file.value);
  }
}
