import { startLoad, type Load, type LoadResult } from '@heddle/shared/testing/load-generator';
import type { Proxy } from '../harness/parts.ts';

export interface ProxyLoadOptions {
  readonly connections?: number;
  readonly requestsPerSecond?: number;
  readonly onResult?: (result: LoadResult) => void;
}

/** Steady load for a service through the outbound ports of the proxies; answers are counted by `x-version`. */
export function loadThrough(
  proxies: readonly Proxy[],
  service: string,
  { connections = 8, requestsPerSecond = 300, onResult }: ProxyLoadOptions = {},
): Load {
  return startLoad({
    targets: proxies.map((proxy) => ({
      name: proxy.id,
      port: proxy.outboundPort,
      host: service,
      path: '/',
      connections,
    })),
    requestsPerSecond,
    versionHeader: 'x-version',
    ...(onResult === undefined ? {} : { onResult }),
  });
}
