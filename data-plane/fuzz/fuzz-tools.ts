import { ForwardingCheck } from './forwarding-check.ts';
import { Http2Oracles } from './http2/oracles.ts';
import { LlhttpServerOracle } from './llhttp-oracle.ts';

/** What the fuzzers of one run share. */
export class FuzzTools {
  readonly server = new LlhttpServerOracle();
  readonly forwarding = new ForwardingCheck(this.server);
  readonly http2 = new Http2Oracles();

  close(): void {
    this.forwarding.close();
  }
}
