import { createHttp1ClientCodec } from '../../codec/http1/client-codec.ts';
import { createHttp1ClientOptions, type Http1ClientOptions } from '../../codec/http1/options.ts';
import type { Http1Workspace } from '../../codec/http1/workspace.ts';
import type { UpstreamHttpOptions } from '../../config/model/cluster.ts';
import type { ClientCodecFactory } from './upstream-connector.ts';

/** HTTP/1.1 codecs for pools and health checks. `workspace` is the thread's; options are made once per cluster. */
export function createHttp1CodecFactory(workspace: Http1Workspace): ClientCodecFactory {
  const optionsOf = new WeakMap<UpstreamHttpOptions, Http1ClientOptions>();
  return (connection, callbacks, http) => {
    let options = optionsOf.get(http);
    if (options === undefined) {
      options = createHttp1ClientOptions(workspace, {
        maxHeadBytes: http.maxResponseHeadersBytes,
        maxFieldCount: http.maxHeadersCount,
        enableTrailers: http.enableTrailers,
        headerKeyFormat: http.headerKeyFormat,
      });
      optionsOf.set(http, options);
    }
    return createHttp1ClientCodec(connection, callbacks, options);
  };
}
