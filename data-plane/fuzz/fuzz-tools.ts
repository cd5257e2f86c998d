import { ForwardingCheck } from './forwarding-check.ts';
import { LlhttpServerOracle } from './llhttp-oracle.ts';

/** What the fuzzers of one run share. */
export class FuzzTools {
  readonly server = new LlhttpServerOracle();
  readonly forwarding = new ForwardingCheck(this.server);

  close(): void {
    this.forwarding.close();
  }
}
