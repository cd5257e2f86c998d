import type { PassThroughTlvs } from './listener-filters.ts';

/** The PROXY header that connections of a cluster begin with. */
export interface UpstreamProxyProtocol {
  readonly version: 1 | 2;
  /** Of version 2: which of those that the client's header had go on. */
  readonly passThroughTlvs: PassThroughTlvs;
  readonly addedTlvs: readonly { readonly type: number; readonly valueHex: string }[];
}
