import type { NetworkFilterDecoder } from './network-filter-decoder.ts';

const type = 'envoy.extensions.filters.network.sni_cluster.v3.SniCluster';

export const sniClusterDecoder: NetworkFilterDecoder = {
  type,
  isTerminal: false,
  decode(context, config, path) {
    context.unpack(type, config, path);
    return { kind: 'sni-cluster' };
  },
};
