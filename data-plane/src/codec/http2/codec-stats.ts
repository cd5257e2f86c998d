import type { Flood } from './flood-guard.ts';

/** Counters below `http2.` and `cluster.<name>.http2.`, with Envoy's names. */
export type Http2Counter =
  | Flood
  | 'goaway_sent'
  | 'header_overflow'
  | 'keepalive_timeout'
  | 'rx_messaging_error'
  | 'rx_reset'
  | 'stream_refused_errors'
  | 'trailers'
  /** Of a server only. */
  | 'tx_flush_timeout'
  | 'tx_reset';

/** Levels at the same place. */
export type Http2Gauge = 'streams_active' | 'pending_send_bytes';

/**
 * Hears what a codec counts; called in the middle of reading and writing, so it may do nothing but count. Of the
 * floods `premature_resets` is Envoy's `downstream_rq_too_many_premature_resets` of the connection manager.
 */
export interface Http2Stats {
  count(counter: Http2Counter): void;
  /** `change` is what is added; a connection that ends takes away what it added. */
  add(gauge: Http2Gauge, change: number): void;
}

export const noHttp2Stats: Http2Stats = Object.freeze({
  count: () => undefined,
  add: () => undefined,
});
