import type { HeaderMap } from '../codec/header-map.ts';
import type {
  DataStatus,
  DecoderFilter,
  DecoderFilterCallbacks,
  HeadersStatus,
  HttpFilterFactory,
  TrailersStatus,
} from '../downstream/http/http-filter.ts';
import type { ThreadLocalClusters } from '../upstream/upstream.ts';
import { answerDirectly } from './direct-answer.ts';
import { ForwardedRequest } from './forwarded-request.ts';
import { ResolvedRoute } from './resolved-route.ts';
import { RouterContext } from './router-context.ts';

/** Row of the HTTP filter registry: the terminal filter, which takes requests to clusters. */
export function createRouterFilterFactory(clusters: ThreadLocalClusters): HttpFilterFactory {
  return {
    type: 'envoy.extensions.filters.http.router.v3.Router',
    createFactory: (_config, filterContext) => {
      const context = new RouterContext(clusters, filterContext);
      return () => ({ decoder: new RouterFilter(context) });
    },
  };
}

/** Finds what the route wants: an answer at once, or a cluster. */
class RouterFilter implements DecoderFilter {
  readonly #context: RouterContext;
  #callbacks: DecoderFilterCallbacks | undefined;
  #request: ForwardedRequest | undefined;

  constructor(context: RouterContext) {
    this.#context = context;
  }

  setDecoderCallbacks(callbacks: DecoderFilterCallbacks): void {
    this.#callbacks = callbacks;
  }

  decodeHeaders(headers: HeaderMap, endStream: boolean): HeadersStatus {
    if (this.#callbacks !== undefined) this.#routeRequest(this.#callbacks, headers, endStream);
    return 'stop-iteration';
  }

  decodeData(chunk: Buffer, endStream: boolean): DataStatus {
    this.#request?.onRequestData(chunk, endStream);
    return 'stop-no-buffer';
  }

  decodeTrailers(trailers: HeaderMap): TrailersStatus {
    this.#request?.onRequestTrailers(trailers);
    return 'stop-iteration';
  }

  onDestroy(): void {
    this.#request?.onDestroy();
  }

  #routeRequest(callbacks: DecoderFilterCallbacks, headers: HeaderMap, endStream: boolean): void {
    const { stats, clusters } = this.#context;
    stats.total.inc();
    const route = callbacks.route();
    if (!(route instanceof ResolvedRoute) || route.route.action.kind === 'non-forwarding') {
      stats.noRoute.inc();
      callbacks.sendLocalReply({ status: 404, body: '', details: 'route_not_found', flag: 'NR' });
      return;
    }
    const { action } = route.route;
    if (action.kind !== 'forward') {
      answerDirectly(this.#context, callbacks, route, headers);
      return;
    }
    const cluster = clusters.get(route.clusterName);
    if (cluster === undefined) {
      stats.noCluster.inc();
      callbacks.sendLocalReply({
        status: action.clusterNotFoundStatus,
        body: '',
        details: 'cluster_not_found',
        flag: 'NC',
      });
      return;
    }
    callbacks.streamInfo.upstreamCluster = cluster.info.statName;
    callbacks.streamInfo.upstreamClusterMetadata = cluster.info.metadata;
    this.#request = new ForwardedRequest(this.#context, callbacks, route, action, cluster, headers);
    this.#request.start(endStream);
  }
}
