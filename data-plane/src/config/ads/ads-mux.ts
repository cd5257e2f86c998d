import type { Node } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import type { Rng } from '@heddle/shared/random/rng';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { Logger } from '@heddle/shared/logging/logger';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { ResourceType } from '../resources/resource-type.ts';
import type { SavedSource, SavedType } from '../saved/saved-resources.ts';
import type { SubscriptionSource } from '../subscription.ts';
import type { AdsProtocol } from './ads-protocol.ts';
import type { AdsStatus } from './ads-status.ts';
import type { AdsTransport } from './ads-transport.ts';
import type { ControlPlaneStats } from './control-plane-stats.ts';
import type { IncomingResponse } from './incoming-response.ts';
import type { MuxState, Outcome } from './mux-state.ts';
import { NackDelay } from './nack-delay.ts';
import type { RequestRateLimit } from './request-rate-limit.ts';
import { SavedFallback } from './saved-fallback.ts';
import { nothingRestored, TypeChannel, type Restored } from './type-channel.ts';

export interface AdsMuxOptions<Request> {
  readonly protocol: AdsProtocol<Request>;
  readonly transport: AdsTransport;
  readonly node: MessageInit<Node>;
  readonly resourceTypes: readonly ResourceType<unknown>[];
  /** While a response of the key's type is applied, requests of these types wait: parent → children. */
  readonly childTypes: Readonly<Record<string, readonly string[]>>;
  readonly rateLimit: RequestRateLimit;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly stats: ControlPlaneStats;
  readonly yieldTurn: () => Promise<void>;
  /** A response was dealt with, whatever became of it. */
  readonly onProcessed: () => void;
  /** What to start from when the server is silent. */
  readonly saved: SavedSource | undefined;
}

/**
 * All subscriptions of the process over one ADS stream. Connects the protocol's state machine, the transport and one
 * channel per resource type. Responses are processed one after the other, in the order of arrival.
 */
export class AdsMux<Request> {
  readonly #options: AdsMuxOptions<Request>;
  readonly #state: MuxState<Request>;
  readonly #channels = new Map<string, TypeChannel<unknown>>();
  /** Responses, and what else has to wait for its turn between them. */
  readonly #turns: (() => Promise<void>)[] = [];
  readonly #fallback: SavedFallback | undefined;
  readonly #nackDelay: NackDelay;
  /** Answers that wait: timer → what lets them go. */
  readonly #delayed = new Map<Timer, () => void>();
  #isProcessing = false;
  #streamNumber = 0;
  #isConnected = false;
  #isFirstMessage = true;
  #isFlushPlanned = false;
  #isStopped = false;
  #controlPlane = '';

  constructor(options: AdsMuxOptions<Request>) {
    this.#options = options;
    this.#state = options.protocol.createState();
    this.#nackDelay = new NackDelay(options.rng);
    for (const type of options.resourceTypes) this.#channels.set(type.typeUrl, this.#createChannel(type));
    const channels = [...this.#channels.values()];
    options.saved?.setHeld(() => channels.map((channel) => channel.held()));
    this.#fallback =
      options.saved &&
      new SavedFallback({
        source: options.saved,
        clock: options.clock,
        isWaiting: () => channels.some(({ isWaiting }) => isWaiting),
        restore: (saved) =>
          new Promise((resolve) => this.#inTurn(async () => resolve(await this.#restore(saved)))),
        onAgreed: () => channels.forEach((channel) => channel.confirmRestored()),
      });
  }

  source<T>(type: ResourceType<T>): SubscriptionSource<T> {
    const channel = this.#channels.get(type.typeUrl);
    if (channel === undefined) throw new Error(`${type.typeUrl} is not one of the mux's resource types`);
    // The channel was made from the same row of the table, so its values are of the row's type.
    return channel;
  }

  start(): void {
    this.#options.transport.start({
      onOpen: () => this.#onOpen(),
      onMessage: (bytes) => this.#onMessage(bytes),
      onClose: () => this.#onClose(),
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#options.transport.stop();
    this.#options.rateLimit.stop();
    this.#fallback?.stop();
    this.#releaseDelayed();
    for (const channel of this.#channels.values()) channel.stop();
  }

  /** Holds requests of these types back until the result is called; what changes meanwhile becomes one request each. */
  pause(typeUrls: readonly string[]): () => void {
    for (const typeUrl of typeUrls) this.#state.pause(typeUrl);
    let isPaused = true;
    return () => {
      if (!isPaused) return;
      isPaused = false;
      for (const typeUrl of typeUrls) this.#state.resume(typeUrl);
      this.#planFlush();
    };
  }

  acceptedVersions(): ReadonlyMap<string, string> {
    return new Map([...this.#channels].map(([typeUrl, channel]) => [typeUrl, channel.acceptedVersion]));
  }

  get connectedAddress(): string | undefined {
    return this.#isConnected ? this.#options.transport.address : undefined;
  }

  status(): AdsStatus {
    return {
      variant: this.#options.protocol.variant,
      isConnected: this.#isConnected,
      controlPlane: this.#controlPlane,
      address: this.#options.transport.address,
      types: [...this.#channels.values()].map((channel) => channel.status()),
    };
  }

  #createChannel(type: ResourceType<unknown>): TypeChannel<unknown> {
    const { clock, logger, yieldTurn } = this.#options;
    const { typeUrl } = type;
    return new TypeChannel(type, {
      clock,
      logger,
      yieldTurn,
      onInterestAdded: (names, held) => {
        this.#state.addInterest(typeUrl, names);
        // Kept since interest was lost: a server that hears nothing of it would never take it back.
        this.#state.restore(typeUrl, { accepted: held, version: '' });
        this.#fallback?.onSubscribed(typeUrl);
        this.#planFlush();
      },
      onInterestRemoved: (names) => {
        this.#state.removeInterest(typeUrl, names);
        this.#planFlush();
      },
      onExpired: (names) => this.#state.expire(typeUrl, names),
    });
  }

  #onOpen(): void {
    this.#isConnected = true;
    this.#streamNumber += 1;
    this.#isFirstMessage = true;
    this.#options.stats.connectedState.set(1);
    this.#state.openStream();
    this.#fallback?.onOpen(this.#options.protocol.variant === 'delta');
    this.#planFlush();
  }

  #onClose(): void {
    if (this.#isConnected) this.#state.closeStream();
    this.#isConnected = false;
    this.#fallback?.onClose();
    this.#releaseDelayed();
    this.#options.stats.connectedState.set(0);
    this.#options.stats.pendingRequests.set(0);
    // What waits came over the lost stream: it counts, but is not acknowledged.
    for (const channel of this.#channels.values()) channel.onStreamLost();
  }

  #onMessage(bytes: Uint8Array): void {
    let response: IncomingResponse;
    try {
      response = this.#options.protocol.read(bytes);
    } catch (thrown) {
      // Without a nonce there is nothing to refuse; a new stream gets the same state told anew.
      this.#options.transport.restart(messageOf(thrown));
      return;
    }
    if (response.controlPlane !== '' && response.controlPlane !== this.#controlPlane) {
      this.#controlPlane = response.controlPlane;
      this.#options.stats.identifier.set(response.controlPlane);
    }
    this.#fallback?.onAnswer();
    const streamNumber = this.#streamNumber;
    this.#inTurn(() => this.#process(response, streamNumber));
  }

  #inTurn(task: () => Promise<void>): void {
    this.#turns.push(task);
    if (!this.#isProcessing) void this.#takeTurns();
  }

  async #takeTurns(): Promise<void> {
    this.#isProcessing = true;
    for (let next = this.#turns.shift(); next !== undefined && !this.#isStopped; next = this.#turns.shift()) {
      await next();
    }
    this.#isProcessing = false;
  }

  async #restore(saved: SavedType): Promise<Restored> {
    const channel = this.#channels.get(saved.typeUrl);
    if (channel === undefined) return nothingRestored;
    const resumeChildren = this.pause(this.#options.childTypes[saved.typeUrl] ?? []);
    const restored = await channel.restore(saved);
    this.#state.restore(saved.typeUrl, restored);
    resumeChildren();
    this.#options.onProcessed();
    return restored;
  }

  async #process(response: IncomingResponse, streamNumber: number): Promise<void> {
    const { typeUrl, version, nonce } = response;
    const channel = this.#channels.get(typeUrl);
    const isEmpty = response.resources.length + response.removed.length === 0;
    // The next stream has begun without it: its server says again what it has not been told of.
    if (streamNumber !== this.#streamNumber) return;
    const receipt = this.#state.receive({ typeUrl, version, nonce, isEmpty });
    this.#options.logger.debug(
      { typeUrl, version, nonce, resourceCount: response.resources.length },
      'response received',
    );
    const resume = this.pause([typeUrl]);
    const resumeChildren = this.pause(this.#options.childTypes[typeUrl] ?? []);
    let outcome: Outcome = { kind: 'unwatched' };
    if (channel === undefined || receipt.isUnwatched) {
      // Who watches it again must not be given what this response may have changed.
      channel?.forgetUnwatched();
      this.#options.logger.debug({ typeUrl, version }, 'response for a type without subscribers');
    } else {
      outcome = await channel.process(response);
    }
    this.#state.conclude(receipt, outcome);
    resumeChildren();
    this.#resumeAfter(this.#nackDelay.delayMs(typeUrl, version, outcome), resume);
    this.#options.onProcessed();
    if (outcome.kind !== 'unwatched') this.#options.saved?.onChanged();
  }

  #resumeAfter(delayMs: number, resume: () => void): void {
    if (delayMs === 0 || this.#isStopped) return resume();
    const timer = this.#options.clock.setTimer(delayMs, () => {
      this.#delayed.delete(timer);
      resume();
    });
    this.#delayed.set(timer, resume);
  }

  #releaseDelayed(): void {
    for (const [timer, resume] of this.#delayed) {
      timer.cancel();
      resume();
    }
    this.#delayed.clear();
  }

  /** Requests go out at the end of the turn, so that one request carries all that the turn changed. */
  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    queueMicrotask(() => {
      this.#isFlushPlanned = false;
      this.#flush();
    });
  }

  #flush(): void {
    const { rateLimit, protocol, transport, node } = this.#options;
    while (this.#isConnected && !this.#isStopped) {
      if (!this.#state.hasRequest()) break;
      if (!rateLimit.canSend(() => this.#flush())) {
        this.#options.stats.pendingRequests.set(1);
        return;
      }
      const request = this.#state.nextRequest();
      if (request === undefined) break;
      rateLimit.onSent();
      transport.send(protocol.encode(request, this.#isFirstMessage ? node : undefined));
      this.#isFirstMessage = false;
    }
    this.#options.stats.pendingRequests.set(0);
    // Without a stream the server was told nothing: what is held may be wanted again before it is.
    if (!this.#isConnected) return;
    for (const channel of this.#channels.values()) channel.forgetUnwatched();
  }
}
