import { recordAt, recordsAt, textAt, type JsonRecord } from './json.ts';
import type { RestClient } from './rest-client.ts';

export type ProxyState = 'synced' | 'stale' | 'refused' | 'disconnected';

/** Does a proxy serve what it was sent, in all of its workers? */
export type Liveness =
  | { readonly kind: 'live' }
  /** Types whose last version is not live: they warm, wait, or were refused. */
  | { readonly kind: 'waiting'; readonly types: readonly string[] }
  /** It does not tell, as a real Envoy does not. */
  | { readonly kind: 'unknown' };

/** What one proxy has of one type of resource. */
export interface ProxyType {
  /** `Cluster`, `Listener`, … */
  readonly type: string;
  readonly state: string;
  readonly sentVersion: string;
  readonly acknowledgedVersion: string;
  /** What all of its workers serve; '' for a proxy that does not tell. */
  readonly liveVersion: string;
  /** What the proxy said when it refused last; '' when it never did. */
  readonly refusal: string;
}

export interface Proxy {
  readonly node: string;
  readonly cluster: string;
  readonly userAgent: string;
  /** The worst of its types; `stale` as well when it has none yet. */
  readonly state: ProxyState;
  readonly live: Liveness;
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
    liveVersion: textAt(type, 'liveVersion'),
    refusal: textAt(recordAt(type, 'lastNack'), 'message'),
  }));
  return {
    node: textAt(item, 'node'),
    cluster: textAt(item, 'cluster'),
    userAgent: textAt(item, 'userAgent'),
    live: livenessOf(types),
    state: stateOf(item['isConnected'] === true, types),
    types,
  };
}

function livenessOf(types: readonly ProxyType[]): Liveness {
  if (types.every(({ liveVersion }) => liveVersion === '')) return { kind: 'unknown' };
  const waiting = types.filter(({ liveVersion, sentVersion }) => liveVersion !== sentVersion);
  return waiting.length === 0
    ? { kind: 'live' }
    : { kind: 'waiting', types: waiting.map(({ type }) => type) };
}

function stateOf(isConnected: boolean, types: readonly ProxyType[]): ProxyState {
  if (!isConnected) return 'disconnected';
  const states = types.map(({ state }) => state);
  if (states.includes('refused')) return 'refused';
  return states.includes('stale') || states.length === 0 ? 'stale' : 'synced';
}
