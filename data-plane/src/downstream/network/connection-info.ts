import type { ResponseFlag } from '../http/response-flag.ts';

/** What the filters of one connection know of it together, and its access logs say. */
export class ConnectionInfo {
  /** SNI of the ClientHello; empty: none was seen. */
  requestedServerName: string;
  /** Where a filter sends it, in place of what the TCP proxy says; Envoy's filter state `envoy.tcp_proxy.cluster`. */
  clusterName: string | undefined = undefined;
  /** Why a filter has closed it. */
  flag: ResponseFlag | undefined = undefined;
  /** `%CONNECTION_TERMINATION_DETAILS%`. */
  terminationDetails: string | undefined = undefined;

  constructor(requestedServerName: string) {
    this.requestedServerName = requestedServerName;
  }
}
