/** What the server remembers of a type on a stream when a request for it comes. */
export interface ExchangeState {
  /** No request for the type came on this stream yet. */
  readonly isFirst: boolean;
  /** Of the last response; empty before the first. */
  readonly lastNonce: string;
  /** Whether that response was neither acknowledged nor refused yet. */
  readonly isOutstanding: boolean;
}

export interface RequestFacts {
  readonly responseNonce: string;
  /** `error_detail` is there: the only sign of a NACK. Versions say nothing: they may be current ones. */
  readonly hasError: boolean;
}

/**
 * `first`: subscription, whatever nonce it carries over from another stream. `stale`: answers an older response,
 * which means nothing; its names still count. `update`: only names, if anything.
 */
export type RequestKind = 'first' | 'ack' | 'nack' | 'stale' | 'update';

/** State of the world: every request carries the newest nonce. */
export function classifySotwRequest(state: ExchangeState, request: RequestFacts): RequestKind {
  if (state.isFirst) return 'first';
  if (state.lastNonce !== '' && request.responseNonce !== state.lastNonce) return 'stale';
  if (request.hasError) return 'nack';
  return state.isOutstanding ? 'ack' : 'update';
}

/** Delta: only an ACK or a NACK carries a nonce. */
export function classifyDeltaRequest(state: ExchangeState, request: RequestFacts): RequestKind {
  if (state.isFirst) return 'first';
  if (request.responseNonce === '') return 'update';
  if (request.responseNonce !== state.lastNonce) return 'stale';
  if (request.hasError) return 'nack';
  return state.isOutstanding ? 'ack' : 'update';
}
