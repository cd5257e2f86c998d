import type { Client, ClientCall, ClientRequest, Fields } from './client.ts';
import type { Protocol } from './protocols.ts';
import type { Exchange, Upstream } from './upstream.ts';

/** One square of the matrix: a client's protocol, and that of an upstream. */
export class Cell {
  readonly client: Client;
  readonly upstream: Upstream;
  /** Takes requests to the upstream. */
  readonly host: string;
  readonly upstreamProtocol: Protocol;
  readonly downstreamProtocol: Protocol;
  /** Whether the proxy passes informational answers on. */
  readonly passesEarlyHints: boolean;

  constructor(
    fields: Pick<
      Cell,
      'client' | 'downstreamProtocol' | 'upstream' | 'upstreamProtocol' | 'passesEarlyHints'
    >,
  ) {
    this.client = fields.client;
    this.downstreamProtocol = fields.downstreamProtocol;
    this.upstream = fields.upstream;
    this.upstreamProtocol = fields.upstreamProtocol;
    this.passesEarlyHints = fields.passesEarlyHints;
    this.host = `${fields.upstreamProtocol.name}.test`;
  }

  start(method: string, path = '/', more: Pick<ClientRequest, 'headers' | 'trailers'> = {}): ClientCall {
    return this.client.start({ method, host: this.host, path, ...more });
  }

  /** A request without a body, and how it came to the upstream. */
  async get(method: string, headers: Fields = {}): Promise<readonly [ClientCall, Exchange]> {
    const call = this.start(method, '/', { headers });
    call.end();
    return [call, await this.upstream.next()];
  }
}

/** What every cell does alike. A case leaves nothing under way. */
export interface Case {
  readonly name: string;
  run(cell: Cell): Promise<void>;
}
