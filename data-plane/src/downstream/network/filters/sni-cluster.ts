import type { FilterStatus, NetworkFilter, NetworkFilterCallbacks } from '../network-filter.ts';

/** Envoy's `sni_cluster`: the TCP proxy behind it goes to the cluster that the client's SNI names; without SNI, where it says. */
export function createSniClusterFilter(): NetworkFilter {
  return new SniClusterFilter();
}

class SniClusterFilter implements NetworkFilter {
  #callbacks: NetworkFilterCallbacks | undefined;

  setCallbacks(callbacks: NetworkFilterCallbacks): void {
    this.#callbacks = callbacks;
  }

  onNewConnection(): FilterStatus {
    const info = this.#callbacks?.info;
    if (info !== undefined && info.requestedServerName !== '') info.clusterName = info.requestedServerName;
    return 'continue';
  }
}
