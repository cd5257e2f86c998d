import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock } from '@heddle/shared/time/clock';
import type { DiscoveryResponse } from '@heddle/shared/xds/api';
import { loadConfigReader, parseConfigFile, syntaxOf } from '@heddle/shared/xds/config-file';
import { fromProtoJson } from '@heddle/shared/xds/proto-json';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { TypeStatus } from '../ads/ads-status.ts';
import { fromSotwResponse, type IncomingResponse } from '../ads/incoming-response.ts';
import { TypeChannel } from '../ads/type-channel.ts';
import type { ResourceSource } from '../model/resource-source.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import type { Subscription, SubscriptionSource } from '../subscription.ts';
import type { RunningSource } from './resource-sources.ts';
import { WatchedDirectories } from '@heddle/shared/files/watched-directories';

export interface FileSourceOptions {
  readonly api: XdsApi;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * `path_config_source`: a `DiscoveryResponse` in YAML, JSON or (`.pb`) protobuf, read at the start and whenever it, or
 * anything in its `watched_directory`, is renamed into place. What cannot be read or used is counted, stands in the
 * log, and changes nothing.
 */
export class FileSource<T> implements RunningSource<T> {
  readonly #type: ResourceType<T>;
  readonly #path: string;
  readonly #options: FileSourceOptions;
  readonly #channel: TypeChannel<T>;
  readonly #directories: WatchedDirectories;
  #isStopped = false;
  #isPlanned = false;
  /** One reading after the other. */
  #reading: Promise<void> = Promise.resolve();

  constructor(
    type: ResourceType<T>,
    { path, watchedDirectory }: Extract<ResourceSource, { kind: 'file' }>,
    options: FileSourceOptions,
  ) {
    this.#type = type;
    this.#path = path;
    this.#options = options;
    const logger = options.logger.child({ component: 'file-source', file: path });
    this.#channel = new TypeChannel(type, {
      clock: options.clock,
      logger,
      yieldTurn: () => setImmediate(),
      isPolled: true,
      missing: `is not in ${path}`,
      onInterestAdded: () => this.#plan(),
      onInterestRemoved: () => this.#channel.forgetUnwatched(),
      onExpired: () => undefined,
    });
    // Before the first reading, so that nothing happens unseen in between.
    this.#directories = new WatchedDirectories(
      [watchedDirectory ?? dirname(path)],
      // A file that went is no news.
      () => existsSync(path) && this.#plan(),
      logger,
      watchedDirectory === undefined ? basename(path) : undefined,
    );
  }

  subscribe(...subscription: Parameters<SubscriptionSource<T>['subscribe']>): Subscription {
    return this.#channel.subscribe(...subscription);
  }

  status(): TypeStatus {
    return this.#channel.status();
  }

  stop(): void {
    this.#isStopped = true;
    this.#directories.stop();
    this.#channel.stop();
  }

  /** Who subscribes in the same turn is told by the same reading. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#reading = this.#reading.then(async () => {
      this.#isPlanned = false;
      await this.#read();
    });
  }

  async #read(): Promise<void> {
    if (this.#isStopped) return;
    this.#channel.onAttempt();
    // As in Envoy a file that is no JSON, YAML or protobuf is a failure, and what it says is refused.
    let counted: 'failure' | 'rejection' = 'failure';
    let response: IncomingResponse;
    try {
      const content = await this.#readContent();
      if (!('resources' in content)) counted = 'rejection';
      response = this.#toResponse(content);
    } catch (thrown) {
      const problems =
        thrown instanceof InvalidInputError ? thrown.problems : [{ path: '', message: messageOf(thrown) }];
      if (!this.#hasStopped()) this.#channel.onUnreadable(counted, problems);
      return;
    }
    if (!this.#hasStopped()) await this.#channel.process(response);
  }

  /** A field's value may be another after an `await`. */
  #hasStopped(): boolean {
    return this.#isStopped;
  }

  /** @throws InvalidInputError with every problem; HeddleError if there is no such file */
  async #readContent(): Promise<DiscoveryResponse | { readonly json: unknown }> {
    const path = this.#path;
    const bytes = await readFile(path).catch((thrown: unknown) => {
      throw new HeddleError('file-unusable', `cannot read ${path}: ${messageOf(thrown)}`, { cause: thrown });
    });
    return path.endsWith('.pb')
      ? this.#options.api.decode('envoy.service.discovery.v3.DiscoveryResponse', bytes)
      : { json: parseConfigFile(bytes, path, await loadConfigReader(syntaxOf(path))).value };
  }

  /** @throws InvalidInputError with every problem */
  #toResponse(content: DiscoveryResponse | { readonly json: unknown }): IncomingResponse {
    const { api } = this.#options;
    const message =
      'resources' in content
        ? content
        : fromProtoJson(api, 'envoy.service.discovery.v3.DiscoveryResponse', content.json);
    // The file need not say its type: who names it knows.
    return fromSotwResponse(api, { ...message, typeUrl: this.#type.typeUrl });
  }
}
