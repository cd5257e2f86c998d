import type { Rng } from '@heddle/shared/random/rng';
import type { Clock } from '@heddle/shared/time/clock';
import type { ClientCodec, ClientCodecCallbacks } from '../../codec/codec.ts';
import { createHttp1ClientCodec } from '../../codec/http1/client-codec.ts';
import { createHttp1ClientOptions } from '../../codec/http1/options.ts';
import type { CodecWorkspace } from '../../codec/codec-workspace.ts';
import { createHttp2ClientCodec } from '../../codec/http2/client-codec.ts';
import type { Http2Stats } from '../../codec/http2/codec-stats.ts';
import { createHttp2Options } from '../../codec/http2/options.ts';
import type { UpstreamHttpOptions } from '../../config/model/cluster.ts';
import type { Connection } from '../../transport/connection.ts';

/** Makes the client half of the codec that a cluster speaks, for one connection. */
export type ClientCodecFactory = (connection: Connection, callbacks: ClientCodecCallbacks) => ClientCodec;

/** The client codecs of one thread. Options are compiled by each call: once for a cluster and a protocol. */
export class ClientCodecs {
  readonly #workspace: CodecWorkspace;
  readonly #clock: Clock;
  readonly #rng: Rng;

  constructor(workspace: CodecWorkspace, clock: Clock, rng: Rng) {
    this.#workspace = workspace;
    this.#clock = clock;
    this.#rng = rng;
  }

  http1(http: UpstreamHttpOptions): ClientCodecFactory {
    const options = createHttp1ClientOptions(this.#workspace, {
      maxHeadBytes: http.maxResponseHeadersBytes,
      maxFieldCount: http.maxHeadersCount,
      enableTrailers: http.enableTrailers,
      headerKeyFormat: http.headerKeyFormat,
    });
    return (connection, callbacks) => createHttp1ClientCodec(connection, callbacks, options);
  }

  /** `bufferLimitBytes` bounds what the requests of one connection make it keep. */
  http2(http: UpstreamHttpOptions, bufferLimitBytes: number, stats: Http2Stats): ClientCodecFactory {
    const options = createHttp2Options(
      {
        names: this.#workspace.names,
        chunks: this.#workspace.chunks,
        clock: this.#clock,
        rng: this.#rng,
      },
      {
        ...http.http2,
        maxHeaderListBytes: http.maxResponseHeadersBytes,
        maxFieldCount: http.maxHeadersCount,
        stats,
      },
    );
    return (connection, callbacks) =>
      createHttp2ClientCodec(connection, callbacks, options, bufferLimitBytes);
  }
}
