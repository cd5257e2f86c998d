import type { Clock } from '@heddle/shared/time/clock';
import type { HeaderMap } from '../../codec/header-map.ts';
import type { FilterPass } from './filter-pass.ts';
import type { FilterChainOwner, HttpFilterChain } from './http-filter-chain.ts';
import type { DecoderFilterCallbacks, EncoderFilterCallbacks, WatermarkCallbacks } from './http-filter.ts';
import type { LocalReply } from './local-reply.ts';
import type { RouteEntry } from './route-entry.ts';
import type { StreamInfo } from './stream-info.ts';

/** What one filter of one stream can do, in either direction. */
abstract class Callbacks {
  protected readonly chain: HttpFilterChain;
  protected readonly owner: FilterChainOwner;
  protected readonly pass: FilterPass;
  protected readonly index: number;
  readonly #name: string;

  constructor(
    chain: HttpFilterChain,
    owner: FilterChainOwner,
    pass: FilterPass,
    name: string,
    index: number,
  ) {
    this.chain = chain;
    this.owner = owner;
    this.pass = pass;
    this.index = index;
    this.#name = name;
  }

  get streamInfo(): StreamInfo {
    return this.owner.streamInfo;
  }

  get clock(): Clock {
    return this.owner.wheel;
  }

  route(): RouteEntry | undefined {
    return this.owner.route();
  }

  clearRouteCache(): void {
    this.owner.clearRouteCache();
  }

  perRouteConfig(): unknown {
    for (const configs of this.owner.route()?.filterConfigs ?? []) {
      const config = configs[this.#name];
      if (config !== undefined) return config;
    }
    return undefined;
  }

  resetStream(details = ''): void {
    this.owner.reset(details);
  }
}

export class DecoderCallbacks extends Callbacks implements DecoderFilterCallbacks {
  continueDecoding(): void {
    if (!this.chain.isDestroyed) this.pass.resume(this.index);
  }

  sendLocalReply(reply: LocalReply): void {
    this.chain.sendLocalReply(reply);
  }

  decodingBuffer(): Buffer | undefined {
    return this.pass.buffered;
  }

  addDecodedData(chunk: Buffer): void {
    this.pass.addData(this.index, chunk);
  }

  setDecoderBufferLimit(bytes: number): void {
    this.pass.limitBytes = bytes;
  }

  get decoderBufferLimit(): number {
    return this.pass.limitBytes;
  }

  encodeInformational(headers: HeaderMap): void {
    this.chain.encodeInformational(headers);
  }

  encodeHeaders(headers: HeaderMap, endStream: boolean): void {
    this.chain.encodeHeaders(headers, endStream);
  }

  encodeData(chunk: Buffer, endStream: boolean): void {
    this.chain.encodeData(chunk, endStream);
  }

  encodeTrailers(trailers: HeaderMap): void {
    this.chain.encodeTrailers(trailers);
  }

  readDisableDownstream(disable: boolean): void {
    this.owner.readDisable(disable);
  }

  get downstreamRoomBytes(): number {
    return this.owner.roomBytes;
  }

  setDownstreamWatermarkCallbacks(callbacks: WatermarkCallbacks): void {
    this.owner.setWatermarkCallbacks(callbacks);
  }
}

export class EncoderCallbacks extends Callbacks implements EncoderFilterCallbacks {
  continueEncoding(): void {
    if (!this.chain.isDestroyed) this.pass.resume(this.index);
  }

  encodingBuffer(): Buffer | undefined {
    return this.pass.buffered;
  }

  addEncodedData(chunk: Buffer): void {
    this.pass.addData(this.index, chunk);
  }

  setEncoderBufferLimit(bytes: number): void {
    this.pass.limitBytes = bytes;
  }

  get encoderBufferLimit(): number {
    return this.pass.limitBytes;
  }
}
