import {
  Client,
  connectivityState,
  Metadata,
  status,
  type ClientDuplexStream,
  type ServiceError,
} from '@grpc/grpc-js';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { Rng } from '@heddle/shared/random/rng';
import { randomInteger } from '@heddle/shared/random/rng';
import type { Logger } from '@heddle/shared/logging/logger';
import { formatAddress, isPipe, toPipePath, type Address } from '../model/address.ts';
import type { AdsTransport, AdsTransportHandler } from './ads-transport.ts';
import { BackOff, type BackOffSettings } from './back-off.ts';
import type { ConnectSecurely } from '../sources/connect-securely.ts';
import { createChannelCredentials } from './channel-credentials.ts';

export interface AdsClientOptions {
  /** gRPC method path. */
  readonly method: string;
  /** At least one; an attempt takes the next. Names are resolved at each attempt. */
  readonly addresses: readonly Address[];
  /** HTTP/2 `:authority`: the cluster's name, as Envoy sends it. */
  readonly authority: string;
  readonly metadata: readonly { readonly key: string; readonly value: string }[];
  readonly backOff: BackOffSettings;
  readonly connectTimeoutMs: number;
  readonly keepAlive: KeepAlive;
  /** Absent: plain TCP. */
  readonly connectSecurely?: ConnectSecurely | undefined;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
}

/** Pings that notice a server which is gone without a word. */
export interface KeepAlive {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

type Stream = ClientDuplexStream<Uint8Array, Uint8Array>;

const maxKeepAliveIntervalMs = 600_000;

/**
 * One ADS stream to one of the management server's addresses at a time. Every attempt has a channel of its own, so
 * that this back-off decides and not the library's.
 */
export class AdsClient implements AdsTransport {
  readonly #options: AdsClientOptions;
  readonly #backOff: BackOff;
  #handler: AdsTransportHandler | undefined;
  #client: Client | undefined;
  #stream: Stream | undefined;
  #connectTimer: Timer | undefined;
  #retryTimer: Timer | undefined;
  #nextAddress: number;
  #keepAliveIntervalMs: number;
  address = '';

  constructor(options: AdsClientOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.backOff, options.rng);
    this.#nextAddress = randomInteger(options.rng, options.addresses.length);
    this.#keepAliveIntervalMs = options.keepAlive.intervalMs;
  }

  start(handler: AdsTransportHandler): void {
    this.#handler = handler;
    this.#connect();
  }

  stop(): void {
    this.#handler = undefined;
    this.#retryTimer?.cancel();
    this.#closeStream();
  }

  send(message: Uint8Array): void {
    this.#stream?.write(message);
  }

  restart(reason: string): void {
    this.#onLost(reason, status.INTERNAL);
  }

  #connect(): void {
    const { addresses, clock, logger, connectTimeoutMs } = this.#options;
    const target = addresses[this.#nextAddress % addresses.length];
    if (target === undefined) return;
    this.#nextAddress += 1;
    this.address = formatAddress(target);
    const client = new Client(
      toTarget(target),
      createChannelCredentials(this.#options.connectSecurely),
      this.#channelOptions(),
    );
    this.#client = client;
    // A stream on a channel that cannot connect fails with the reason; one that neither does waits by this clock.
    this.#connectTimer = clock.setTimer(connectTimeoutMs, () =>
      this.#onLost('connect time-out', status.UNAVAILABLE),
    );
    this.#open(client);
    this.#awaitReady(client, client.getChannel().getConnectivityState(true));
    logger.debug({ host: this.address }, 'connecting to the management server');
  }

  #open(client: Client): void {
    const { method, metadata } = this.#options;
    const headers = new Metadata();
    for (const { key, value } of metadata) headers.add(key, value);
    const stream = client.makeBidiStreamRequest(method, toBuffer, (bytes) => bytes, headers);
    this.#stream = stream;
    stream.on('data', (message: Buffer) => {
      if (this.#stream !== stream) return;
      this.#backOff.reset();
      this.#handler?.onMessage(message);
    });
    stream.on('error', (error: ServiceError) => {
      if (this.#stream === stream) this.#onLost(error.details || error.message, error.code);
    });
    stream.on('end', () => {
      if (this.#stream === stream) this.#onLost('the server ended the stream', status.OK);
    });
  }

  #awaitReady(client: Client, state: connectivityState): void {
    if (this.#client !== client) return;
    if (state !== connectivityState.READY) {
      const channel = client.getChannel();
      channel.watchConnectivityState(state, Infinity, (error) => {
        if (error === undefined) this.#awaitReady(client, channel.getConnectivityState(false));
      });
      return;
    }
    this.#connectTimer?.cancel();
    this.#options.logger.info({ host: this.address }, 'connected to the management server');
    this.#handler?.onOpen();
  }

  #onLost(reason: string, code: status): void {
    if (this.#handler === undefined) return;
    // "Too many pings": the server asks for fewer, and would close every stream.
    if (code === status.RESOURCE_EXHAUSTED || /too_many_pings|ENHANCE_YOUR_CALM/i.test(reason)) {
      this.#keepAliveIntervalMs = Math.min(this.#keepAliveIntervalMs * 2, maxKeepAliveIntervalMs);
    }
    this.#closeStream();
    const delayMs = this.#backOff.nextDelayMs();
    this.#options.logger.warn({ host: this.address, reason, retryInMs: delayMs }, 'management server lost');
    this.#handler.onClose();
    this.#retryTimer = this.#options.clock.setTimer(delayMs, () => this.#connect());
  }

  #closeStream(): void {
    this.#connectTimer?.cancel();
    const stream = this.#stream;
    const client = this.#client;
    this.#stream = undefined;
    this.#client = undefined;
    stream?.cancel();
    client?.close();
  }

  #channelOptions(): Record<string, string | number> {
    return {
      'grpc.default_authority': this.#options.authority,
      // A full set can be larger than the library's 4 MiB, and cannot be split.
      'grpc.max_receive_message_length': -1,
      'grpc.keepalive_time_ms': this.#keepAliveIntervalMs,
      'grpc.keepalive_timeout_ms': this.#options.keepAlive.timeoutMs,
      // Otherwise an attempt would inherit the back-off of the one before it.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.primary_user_agent': 'heddle',
    };
  }
}

function toTarget(target: Address): string {
  const { address, port } = target;
  if (isPipe(target)) return `unix:${toPipePath(target)}`;
  if (address.includes(':')) return `ipv6:[${address}]:${port}`;
  return /^\d+(\.\d+){3}$/.test(address) ? `ipv4:${address}:${port}` : `dns:${address}:${port}`;
}

function toBuffer(message: Uint8Array): Buffer {
  return Buffer.isBuffer(message) ? message : Buffer.from(message);
}
