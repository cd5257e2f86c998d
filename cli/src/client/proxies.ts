import { recordAt, recordsAt, textAt, type JsonRecord } from './json.ts';
import type { RestClient } from './rest-client.ts';

export type ProxyState = 'synced' | 'stale' | 'refused' | 'disconnected';

/** What one proxy has of one type of resource. */
export interface ProxyType {
  /** `Cluster`, `Listener`, … */
  readonly type: string;
  readonly state: string;
  readonly sentVersion: string;
  readonly acknowledgedVersion: string;
  /** What the proxy said when it refused last; '' when it never did. */
  readonly refusal: string;
}

export interface Proxy {
  readonly node: string;
  readonly cluster: string;
  readonly userAgent: string;
  /** The worst of its types; `stale` as well when it has none yet. */
  readonly state: ProxyState;
  readonly liveVersion: string;
  readonly types: readonly ProxyType[];
}

export async function listProxies(client: RestClient): Promise<readonly Proxy[]> {
  return recordsAt((await client.send({ path: '/v1/proxies' })).body, 'items').map(toProxy);
}

export function toProxy(item: JsonRecord): Proxy {
  const types = recordsAt(item, 'types').map((type) => ({
    type: textAt(type, 'type'),
    state: textAt(type, 'state'),
    sentVersion: textAt(type, 'sentVersion'),
    acknowledgedVersion: textAt(type, 'acknowledgedVersion'),
    refusal: textAt(recordAt(type, 'lastNack'), 'message'),
  }));
  return {
    node: textAt(item, 'node'),
    cluster: textAt(item, 'cluster'),
    userAgent: textAt(item, 'userAgent'),
    liveVersion: textAt(item, 'liveVersion'),
    state: stateOf(item['isConnected'] === true, types),
    types,
  };
}

function stateOf(isConnected: boolean, types: readonly ProxyType[]): ProxyState {
  if (!isConnected) return 'disconnected';
  const states = types.map(({ state }) => state);
  if (states.includes('refused')) return 'refused';
  return states.includes('stale') || states.length === 0 ? 'stale' : 'synced';
}
