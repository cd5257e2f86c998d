import type { Rng } from '@heddle/shared/random/rng';
import type { Clock } from '@heddle/shared/time/clock';
import type { Http2Keepalive } from '../../config/model/http2-protocol-options.ts';
import type { FieldNameTable } from '../http1/field-name.ts';
import { noHttp2Stats, type Http2Stats } from './codec-stats.ts';
import type { ChunkPool } from './send-queue.ts';
import { defaultMaxFrameBytes, defaultWindowBytes, maxWindowBytes } from './protocol.ts';

/** What the codecs of one worker share. */
export interface Http2Workspace {
  /** Interned field names. */
  readonly names: FieldNameTable;
  /** Memory for content that waits. */
  readonly chunks: ChunkPool;
  /** The worker's timer wheel. */
  readonly clock: Clock;
  readonly rng: Rng;
}

/**
 * Settings and bounds of one half, made once for a filter chain or a cluster. Names and defaults are those of
 * `envoy.config.core.v3.Http2ProtocolOptions`, except for the windows: what a stream may have in flight is what a
 * stalled one can make us keep.
 */
export interface Http2Options extends Http2Workspace {
  readonly stats: Http2Stats;
  /** `hpack_table_size`, of both directions. */
  readonly headerTableBytes: number;
  /** Streams that the peer may have open: of a server, what we announce; of a client, what we use at most. */
  readonly maxConcurrentStreams: number;
  /** What we let the peer send on one stream before we took it. */
  readonly initialStreamWindowBytes: number;
  /** The same for all streams together. It is given back on receipt, so that no stream can use up the others' share. */
  readonly initialConnectionWindowBytes: number;
  /** Names, values and 32 bytes for each field (RFC 9113, 6.5.2). */
  readonly maxHeaderListBytes: number;
  readonly maxFieldCount: number;
  /** Extended CONNECT (RFC 8441) is announced and taken. */
  readonly allowsConnect: boolean;
  /** Frames that wait to be written; more: the connection ends. */
  readonly maxOutboundFrames: number;
  /** SETTINGS and PING acknowledgements and RST_STREAM that wait to be written. */
  readonly maxOutboundControlFrames: number;
  /** DATA, HEADERS, CONTINUATION without content and without an end, one after the other. */
  readonly maxConsecutiveEmptyFrames: number;
  readonly maxPriorityFramesPerStream: number;
  readonly maxWindowUpdatesPerDataFrame: number;
  /** Before so many requests of a connection have ended, half as many that their client took back end it. */
  readonly prematureResetTotalStreamCount: number;
  /** A request that lived for more whole seconds was not taken back too early. */
  readonly prematureResetMinStreamLifetimeSeconds: number;
  /** A malformed message ends its stream, not the connection. */
  readonly isStreamErrorOnInvalidMessage: boolean;
  readonly keepalive: Http2Keepalive | undefined;
  /** How long the peer may take to acknowledge our SETTINGS (RFC 9113, 6.5.3). */
  readonly settingsAckTimeoutMs: number;
  /** How long an answer that is whole may wait for its client without a byte going out; 0: as long as the connection. */
  readonly streamFlushTimeoutMs: number;
}

export type GivenHttp2Options = {
  readonly [K in Exclude<keyof Http2Options, keyof Http2Workspace>]?: Http2Options[K] | undefined;
};

/** @throws RangeError for what the protocol cannot say; configuration is validated before it comes here */
export function createHttp2Options(workspace: Http2Workspace, given: GivenHttp2Options = {}): Http2Options {
  const options: Http2Options = {
    names: workspace.names,
    chunks: workspace.chunks,
    clock: workspace.clock,
    rng: workspace.rng,
    stats: given.stats ?? noHttp2Stats,
    headerTableBytes: given.headerTableBytes ?? 4096,
    maxConcurrentStreams: given.maxConcurrentStreams ?? 1024,
    initialStreamWindowBytes: given.initialStreamWindowBytes ?? 256 * 1024,
    initialConnectionWindowBytes: given.initialConnectionWindowBytes ?? 1024 * 1024,
    maxHeaderListBytes: given.maxHeaderListBytes ?? 60 * 1024,
    maxFieldCount: given.maxFieldCount ?? 100,
    allowsConnect: given.allowsConnect ?? false,
    maxOutboundFrames: given.maxOutboundFrames ?? 10_000,
    maxOutboundControlFrames: given.maxOutboundControlFrames ?? 1_000,
    maxConsecutiveEmptyFrames: given.maxConsecutiveEmptyFrames ?? 1,
    maxPriorityFramesPerStream: given.maxPriorityFramesPerStream ?? 100,
    maxWindowUpdatesPerDataFrame: given.maxWindowUpdatesPerDataFrame ?? 10,
    prematureResetTotalStreamCount: given.prematureResetTotalStreamCount ?? 500,
    prematureResetMinStreamLifetimeSeconds: given.prematureResetMinStreamLifetimeSeconds ?? 1,
    isStreamErrorOnInvalidMessage: given.isStreamErrorOnInvalidMessage ?? false,
    keepalive: given.keepalive,
    settingsAckTimeoutMs: given.settingsAckTimeoutMs ?? 30_000,
    streamFlushTimeoutMs: given.streamFlushTimeoutMs ?? 300_000,
  };
  for (const bytes of [options.initialStreamWindowBytes, options.initialConnectionWindowBytes]) {
    if (bytes < defaultWindowBytes || bytes > maxWindowBytes)
      throw new RangeError(`a window of ${bytes} bytes`);
  }
  return Object.freeze(options);
}

/** The largest frame that we write, whatever the peer would take: longer ones delay other streams. */
export const maxWrittenFrameBytes = defaultMaxFrameBytes;
