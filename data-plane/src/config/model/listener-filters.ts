/** What is done with a connection before its filter chain is chosen: one filter after the other. */
export interface ListenerFilters {
  /** For all of them together; 0 = no limit. */
  readonly timeoutMs: number;
  /** After the time-out a filter chain is chosen from what is known, in place of closing. */
  readonly continuesOnTimeout: boolean;
  readonly filters: readonly ListenerFilter[];
}

export type ListenerFilter = (TlsInspector | ProxyProtocol | HttpInspector | ListenerRateLimit) & {
  /** Connections that it leaves alone. */
  readonly disabled?: ListenerFilterPredicate;
};

/** Which connections, by the port that they came to. */
export type ListenerFilterPredicate =
  | { readonly kind: 'any' }
  | { readonly kind: 'not'; readonly rule: ListenerFilterPredicate }
  | { readonly kind: 'and' | 'or'; readonly rules: readonly ListenerFilterPredicate[] }
  /** From `start` to below `end`. */
  | { readonly kind: 'destination-port'; readonly start: number; readonly end: number };

export interface TlsInspector {
  readonly kind: 'tls-inspector';
  readonly maxClientHelloBytes: number;
  /** What is no ClientHello is closed, in place of plain. */
  readonly closesOnParsingErrors: boolean;
}

export interface ProxyProtocol {
  readonly kind: 'proxy-protocol';
  /** Of its statistics; empty: none. */
  readonly statPrefix: string;
  /** A connection without a header stands for itself, in place of being closed. */
  readonly allowsWithoutHeader: boolean;
  /** 1, 2 or both. */
  readonly allowedVersions: readonly (1 | 2)[];
  readonly rules: readonly ProxyProtocolRule[];
  readonly rulesLocation: 'dynamic-metadata' | 'filter-state';
  readonly passThroughTlvs: PassThroughTlvs;
}

export interface HttpInspector {
  readonly kind: 'http-inspector';
}

export interface ListenerRateLimit {
  readonly kind: 'local-rate-limit';
  readonly statPrefix: string;
  readonly isEnabled: boolean;
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
  /** The bucket of all workers: 8 bytes. */
  readonly bucket: SharedArrayBuffer;
}

/** A TLV whose value is kept where others can read it. */
export interface ProxyProtocolRule {
  readonly tlvType: number;
  readonly metadataNamespace: string;
  readonly key: string;
  readonly encoding: 'utf8' | 'base64';
}

/** Which TLVs of a header may go on to upstreams, by type. */
export type PassThroughTlvs = 'all' | readonly number[];
