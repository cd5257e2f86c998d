import type { Http2ProtocolOptions as Message, KeepaliveSettings } from '@heddle/shared/xds/api';
import type { Http2Keepalive, Http2ProtocolOptions } from '../model/http2-protocol-options.ts';
import { defined, percentOr, toMsOr } from './scalars.ts';

const defaultJitterPercent = 15;

/** A message that was checked → model; without a message everything has its default. */
export function decodeHttp2ProtocolOptions(message: Message | undefined): Http2ProtocolOptions {
  const keepalive = message?.connectionKeepalive;
  return {
    allowsConnect: message?.allowConnect ?? false,
    isStreamErrorOnInvalidMessage:
      message?.overrideStreamErrorOnInvalidHttpMessage ?? message?.streamErrorOnInvalidHttpMessaging ?? false,
    ...defined<Omit<Http2ProtocolOptions, 'allowsConnect' | 'isStreamErrorOnInvalidMessage'>>({
      headerTableBytes: message?.hpackTableSize,
      maxConcurrentStreams: message?.maxConcurrentStreams,
      initialStreamWindowBytes: message?.initialStreamWindowSize,
      initialConnectionWindowBytes: message?.initialConnectionWindowSize,
      maxOutboundFrames: message?.maxOutboundFrames,
      maxOutboundControlFrames: message?.maxOutboundControlFrames,
      maxConsecutiveEmptyFrames: message?.maxConsecutiveInboundFramesWithEmptyPayload,
      maxPriorityFramesPerStream: message?.maxInboundPriorityFramesPerStream,
      maxWindowUpdatesPerDataFrame: message?.maxInboundWindowUpdateFramesPerDataFrameSent,
      keepalive: keepalive === undefined ? undefined : decodeKeepalive(keepalive),
    }),
  };
}

function decodeKeepalive(message: KeepaliveSettings): Http2Keepalive {
  return {
    intervalMs: toMsOr(message.interval, 0),
    timeoutMs: toMsOr(message.timeout, 0),
    intervalJitterRatio: percentOr(message.intervalJitter, defaultJitterPercent) / 100,
    idleIntervalMs: toMsOr(message.connectionIdleInterval, 0),
  };
}
