import { Agent, request } from 'node:http';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import type { Logger } from '@heddle/shared/logging/logger';
import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import { jsonReader, parseConfigFile } from '@heddle/shared/xds/config-file';
import { fromProtoJson, toProtoJson } from '@heddle/shared/xds/proto-json';
import { separateServices } from '@heddle/shared/xds/separate-services';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { TypeStatus } from '../ads/ads-status.ts';
import { fromSotwResponse } from '../ads/incoming-response.ts';
import { TypeChannel } from '../ads/type-channel.ts';
import type { GrpcServer, NodeIdentity } from '../model/bootstrap.ts';
import type { RestService } from '../model/resource-source.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import type { Subscription, SubscriptionSource } from '../subscription.ts';
import type { ConnectSecurely, ManagementServerTls } from './connect-securely.ts';
import type { RunningSource } from './resource-sources.ts';

export interface RestSourceOptions {
  readonly bootstrap: {
    readonly node: NodeIdentity;
    readonly grpcServers: ReadonlyMap<string, Pick<GrpcServer, 'addresses'>>;
  };
  readonly api: XdsApi;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly serverTls: ManagementServerTls;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** More than this is no configuration. */
const maxAnswerBytes = 256 * 1024 * 1024;

/**
 * `api_type: REST`: asks again and again, with the version that it has, in JSON over HTTP/1.1. A poll that fails is
 * counted and nothing else; the next one goes to the next address.
 */
export class RestSource<T> implements RunningSource<T> {
  readonly #type: ResourceType<T>;
  readonly #service: RestService;
  readonly #options: RestSourceOptions;
  readonly #channel: TypeChannel<T>;
  readonly #logger: Logger;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #cancel = new AbortController();
  #version = '';
  #isPolling = false;
  /** Names came while a poll was under way. */
  #isStale = false;
  #isStopped = false;
  #timer: Timer | undefined;
  #addressIndex = 0;
  /** In the middle of its handshake. */
  #connecting: Socket | undefined;

  constructor(type: ResourceType<T>, service: RestService, options: RestSourceOptions) {
    this.#type = type;
    this.#service = service;
    this.#options = options;
    this.#logger = options.logger.child({ component: 'rest-source', cluster: service.clusterName });
    this.#channel = new TypeChannel(type, {
      clock: options.clock,
      logger: this.#logger,
      yieldTurn: () => setImmediate(),
      isPolled: true,
      onInterestAdded: () => this.#onInterestAdded(),
      onInterestRemoved: () => this.#channel.forgetUnwatched(),
      onExpired: () => undefined,
    });
    const connectSecurely = options.serverTls(service.clusterName);
    if (connectSecurely !== undefined) this.#secureAgent(connectSecurely);
  }

  subscribe(...subscription: Parameters<SubscriptionSource<T>['subscribe']>): Subscription {
    return this.#channel.subscribe(...subscription);
  }

  status(): TypeStatus {
    return this.#channel.status();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#cancel.abort();
    this.#agent.destroy();
    this.#channel.stop();
  }

  /** Of what was asked for in one turn. The server may say "not modified" only about what it was asked before. */
  #onInterestAdded(): void {
    this.#version = '';
    this.#isStale = true;
    queueMicrotask(() => {
      if (!this.#isPolling) void this.#poll();
    });
  }

  async #poll(): Promise<void> {
    if (this.#isStopped) return;
    this.#timer?.cancel();
    this.#isPolling = true;
    while (this.#isStale && !this.#hasStopped()) {
      this.#isStale = false;
      await this.#pollOnce();
    }
    this.#isPolling = false;
    if (this.#hasStopped()) return;
    const { refreshDelayMs } = this.#service;
    const delayMs = refreshDelayMs + randomInteger(this.#options.rng, Math.max(1, refreshDelayMs));
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      this.#isStale = true;
      void this.#poll();
    });
  }

  #secureAgent(connectSecurely: ConnectSecurely): void {
    this.#agent.createConnection = (options, done) => {
      const plain = connect(options as TcpNetConnectOpts);
      this.#connecting = plain;
      plain.once('error', (error) => done?.(error, plain));
      plain.once('connect', () => {
        connectSecurely(plain, ['http/1.1'])
          .then((socket) => done?.(null, socket))
          .catch((thrown: unknown) => {
            plain.destroy();
            done?.(new Error(messageOf(thrown)), plain);
          })
          .finally(() => (this.#connecting = undefined));
      });
      return undefined;
    };
  }

  /** A field's value may be another after an `await`. */
  #hasStopped(): boolean {
    return this.#isStopped;
  }

  async #pollOnce(): Promise<void> {
    this.#channel.onAttempt();
    let answer: Answer;
    try {
      answer = await this.#ask();
      if (answer.status !== 200 && answer.status !== 304) throw new Error(`status ${answer.status}`);
    } catch (thrown) {
      if (this.#isStopped) return;
      this.#addressIndex += 1;
      this.#logger.warn({ typeUrl: this.#type.typeUrl, reason: messageOf(thrown) }, 'poll failed');
      this.#channel.onStreamLost();
      return;
    }
    if (answer.status === 304 || this.#isStopped) return;
    await this.#take(answer.body);
  }

  async #take(body: Buffer): Promise<void> {
    const { api } = this.#options;
    const { typeUrl } = this.#type;
    try {
      const { value } = parseConfigFile(body, 'answer', jsonReader);
      const message = fromProtoJson(api, 'envoy.service.discovery.v3.DiscoveryResponse', value);
      const { kind } = await this.#channel.process(fromSotwResponse(api, { ...message, typeUrl }));
      // Names that came meanwhile want an answer of their own.
      if (kind === 'accepted' && !this.#isStale) this.#version = message.versionInfo;
    } catch (thrown) {
      if (!(thrown instanceof InvalidInputError)) throw thrown;
      this.#channel.onUnreadable('rejection', thrown.problems);
    }
  }

  #body(): string {
    const { api, bootstrap } = this.#options;
    const message = api.create('envoy.service.discovery.v3.DiscoveryRequest', {
      versionInfo: this.#version,
      node: api.decode('envoy.config.core.v3.Node', bootstrap.node.bytes),
      resourceNames: [...this.#channel.watchedNames()],
      typeUrl: this.#type.typeUrl,
    });
    return JSON.stringify(toProtoJson(api, 'envoy.service.discovery.v3.DiscoveryRequest', message));
  }

  async #ask(): Promise<Answer> {
    const { clusterName, requestTimeoutMs } = this.#service;
    const addresses = this.#options.bootstrap.grpcServers.get(clusterName)?.addresses ?? [];
    const address = addresses[this.#addressIndex % addresses.length];
    const path = separateServices.find(({ typeUrl }) => typeUrl === this.#type.typeUrl)?.fetch?.path;
    if (address === undefined || path === undefined) throw new Error(`there is no way to ${clusterName}`);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const body = this.#body();
    const timeout = new AbortController();
    const signal = AbortSignal.any([timeout.signal, this.#cancel.signal]);
    signal.addEventListener('abort', () => this.#connecting?.destroy());
    const timer = this.#options.clock.setTimer(requestTimeoutMs, () => timeout.abort(new Error('time-out')));
    const call = request(
      {
        host: address.address,
        port: address.port,
        path,
        method: 'POST',
        agent: this.#agent,
        signal,
        headers: {
          host: clusterName,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        let byteCount = 0;
        response.on('data', (chunk: Buffer) => {
          byteCount += chunk.length;
          if (byteCount > maxAnswerBytes) call.destroy(new Error(`more than ${maxAnswerBytes} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
      },
    );
    call.on('error', reject);
    call.end(body);
    return promise.finally(() => timer.cancel());
  }
}
