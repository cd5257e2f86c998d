import type { Rest } from '../harness/rest.ts';

interface ListedProxy {
  readonly node: string;
  readonly isConnected: boolean;
  readonly types: readonly {
    readonly type: string;
    readonly state: 'synced' | 'stale' | 'refused';
    readonly lastNack?: { readonly message: string };
  }[];
}

async function listProxies(rest: Rest): Promise<readonly ListedProxy[]> {
  return ((await rest.get('/v1/proxies')) as { readonly items: readonly ListedProxy[] }).items;
}

/** Whether so many proxies are connected and have accepted everything that they were sent. */
export async function areSynced(rest: Rest, count: number): Promise<boolean> {
  const connected = (await listProxies(rest)).filter(({ isConnected }) => isConnected);
  return (
    connected.length === count &&
    connected.every(({ types }) => types.length > 0 && types.every(({ state }) => state === 'synced'))
  );
}

/** The last refusal of each proxy and resource type, one line each. */
export async function refusalsOfProxies(rest: Rest): Promise<string[]> {
  return (await listProxies(rest)).flatMap(({ node, types }) =>
    types.flatMap(({ type, lastNack }) =>
      lastNack === undefined ? [] : [`${node} refused ${type}: ${lastNack.message}`],
    ),
  );
}
