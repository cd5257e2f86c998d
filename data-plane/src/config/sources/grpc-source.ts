import { contentHash } from '@heddle/shared/xds/content-hash';
import { separateServices } from '@heddle/shared/xds/separate-services';
import type { TypeStatus } from '../ads/ads-status.ts';
import type { GrpcService } from '../model/resource-source.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import type { ResourceSourcesOptions, RunningSource } from './resource-sources.ts';
import { createAds } from '../ads/create-ads.ts';

/** `api_config_source`: a stream of the type's own service. All who subscribe to the type there share it. */
export function startGrpcSource<T>(
  type: ResourceType<T>,
  service: GrpcService,
  scopeName: string,
  { bootstrap, api, clock, rng, logger, stats, saved, serverTls }: ResourceSourcesOptions,
): RunningSource<T> {
  const server = bootstrap.grpcServers.get(service.clusterName);
  if (server === undefined) throw new Error(`${service.clusterName} was not checked`);
  // A hash: metadata may hold what is secret.
  const id = contentHash(Buffer.from(JSON.stringify(service)));
  const savedSource = saved?.source(`${type.typeUrl} ${service.clusterName} ${id}`);
  const stream = createAds({
    config: { ...service, ...server },
    service: separateServices.find(({ typeUrl }) => typeUrl === type.typeUrl),
    node: bootstrap.node,
    api,
    resourceTypes: [type],
    clock,
    rng,
    logger,
    stats: stats.scope(scopeName),
    onProcessed: () => undefined,
    saved: savedSource,
    connectSecurely: serverTls(service.clusterName),
  });
  stream.start();
  return {
    subscribe: (...subscription) => stream.source(type).subscribe(...subscription),
    status(): TypeStatus {
      const [status] = stream.status().types;
      return status ?? { typeUrl: type.typeUrl, version: '', resources: [] };
    },
    stop(forever) {
      stream.stop();
      if (forever) savedSource?.remove();
    },
  };
}
