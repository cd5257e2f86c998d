import type { HttpFilterFactory } from './downstream/http/http-filter.ts';
import { createRouterFilterFactory } from './router/router-filter.ts';
import type { ThreadLocalClusters } from './upstream/upstream.ts';

/** The HTTP filters that run; `httpFilterDecoders` in config/resources is the table of those that can be configured. */
export function createHttpFilterFactories(clusters: ThreadLocalClusters): readonly HttpFilterFactory[] {
  return Object.freeze([createRouterFilterFactory(clusters)]);
}
