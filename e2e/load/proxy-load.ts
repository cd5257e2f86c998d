import { startLoad, type Load, type LoadResult } from '@heddle/shared/testing/load-generator';
import type { Harness } from '../harness/harness.ts';
import type { Proxy } from '../harness/parts.ts';

export interface ProxyLoadOptions {
  readonly connections?: number;
  readonly requestsPerSecond?: number;
  readonly onResult?: (result: LoadResult) => void;
}

/** Steady load for a service through the outbound ports of the proxies; answers are counted by `x-version`. It ends with the harness. */
export function loadThrough(
  harness: Harness,
  proxies: readonly Pick<Proxy, 'id' | 'outboundPort'>[],
  service: string,
  { connections = 8, requestsPerSecond = 300, onResult }: ProxyLoadOptions = {},
): Load {
  const load = startLoad({
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
  // A scenario that fails never gets to its own stop.
  harness.onEnd(() => load.stop());
  return load;
}
