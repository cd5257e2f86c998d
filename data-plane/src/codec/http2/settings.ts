import type { HpackEncoder } from './hpack/hpack-encoder.ts';
import type { Http2Options } from './options.ts';
import {
  flowControlError,
  maxWindowBytes,
  protocolError,
  settingEnableConnectProtocol,
  settingEnablePush,
  settingHeaderTableSize,
  settingInitialWindowSize,
  settingMaxConcurrentStreams,
  settingMaxFrameSize,
  settingMaxHeaderListSize,
} from './protocol.ts';

/** Fewer no server should allow (RFC 9113, 6.5.2); more nobody can count on before it has said so. */
export const leastConcurrentStreams = 100;

/** Number and value. */
export type Setting = readonly [id: number, value: number];

/** What both halves tell their peer. */
export function settingsOf(options: Http2Options, streamWindowBytes: number): readonly Setting[] {
  return [
    [settingHeaderTableSize, options.headerTableBytes],
    [settingInitialWindowSize, streamWindowBytes],
    [settingMaxHeaderListSize, options.maxHeaderListBytes],
  ];
}

/** What the peer has set, as far as it means something here; the values that RFC 9113, 6.5.2 begins with. */
export class PeerSettings {
  headerTableBytes = 4096;
  maxConcurrentStreams = leastConcurrentStreams;
  initialWindowBytes = 65_535;
  allowsConnect = false;
  #hasBegun = false;

  /** Takes a frame over. An error code of the connection, or undefined. Unknown settings are ignored. */
  applyAll(settings: readonly Setting[], isFromServer: boolean, encoder: HpackEncoder): number | undefined {
    // The first one: there is no limit unless it has one.
    if (!this.#hasBegun) this.maxConcurrentStreams = Infinity;
    this.#hasBegun = true;
    for (const [id, value] of settings) {
      const error = this.#apply(id, value, isFromServer);
      if (error !== undefined) return error;
      // At each: the least of several sizes has to be told (RFC 7541, 4.2).
      if (id === settingHeaderTableSize) encoder.setPeerLimit(value);
    }
    return undefined;
  }

  #apply(id: number, value: number, isFromServer: boolean): number | undefined {
    switch (id) {
      case settingHeaderTableSize:
        this.headerTableBytes = value;
        return undefined;
      case settingEnablePush:
        // A server may only say that it is off (RFC 9113, 6.5.2).
        return value > 1 || (isFromServer && value === 1) ? protocolError : undefined;
      case settingMaxConcurrentStreams:
        this.maxConcurrentStreams = value;
        return undefined;
      case settingInitialWindowSize:
        if (value > maxWindowBytes) return flowControlError;
        this.initialWindowBytes = value;
        return undefined;
      case settingMaxFrameSize:
        // What we write is never longer than the least that can be set.
        return value < 16_384 || value > 16_777_215 ? protocolError : undefined;
      case settingEnableConnectProtocol:
        // Once on, it stays on (RFC 8441, 3).
        if (value > 1 || (this.allowsConnect && value === 0)) return protocolError;
        this.allowsConnect = value === 1;
        return undefined;
      default:
        return undefined;
    }
  }
}
