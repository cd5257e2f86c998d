/** Envoy's `Http2ProtocolOptions`, decoded and checked. What is absent has the codec's default. Times in ms. */
export interface Http2ProtocolOptions {
  /** `hpack_table_size`, of both directions. */
  readonly headerTableBytes?: number;
  /** Of clients: what is announced to them. Of upstreams: what is used at most. */
  readonly maxConcurrentStreams?: number;
  readonly initialStreamWindowBytes?: number;
  readonly initialConnectionWindowBytes?: number;
  /** Extended CONNECT (RFC 8441). */
  readonly allowsConnect: boolean;
  readonly maxOutboundFrames?: number;
  readonly maxOutboundControlFrames?: number;
  readonly maxConsecutiveEmptyFrames?: number;
  readonly maxPriorityFramesPerStream?: number;
  readonly maxWindowUpdatesPerDataFrame?: number;
  /** Of clients: when those that take back what they ask are sent away; see the codec's options. */
  readonly prematureResetTotalStreamCount?: number;
  readonly prematureResetMinStreamLifetimeSeconds?: number;
  /** A malformed message ends its stream, not the connection. */
  readonly isStreamErrorOnInvalidMessage: boolean;
  readonly keepalive?: Http2Keepalive;
}

/** PINGs that find out whether the peer is still there. */
export interface Http2Keepalive {
  /** Between PINGs; 0: none at regular times. */
  readonly intervalMs: number;
  /** How long an acknowledgement may take. Anything that is read meanwhile extends it. */
  readonly timeoutMs: number;
  /** At most so much is added to each interval. */
  readonly intervalJitterRatio: number;
  /** A stream that begins after so long a silence has a PING go ahead; 0: never. */
  readonly idleIntervalMs: number;
}
