import { existsSync } from 'node:fs';
import type { ApiConfigSource, ConfigSource, PathConfigSource } from '@heddle/shared/xds/api';
import type { ResourceSource, RestService, SourceConfig } from '../model/resource-source.ts';
import type { DecodeContext } from './decode-context.ts';
import { decodeGrpcSource } from './grpc-source.ts';
import { toMsOr } from './scalars.ts';

/** Envoy's time for the first answer to a subscription. */
export const defaultInitialFetchTimeoutMs = 15_000;
const defaultRequestTimeoutMs = 1000;

/** Stands in for a source that was refused. */
const refusedSource: SourceConfig = {
  source: { kind: 'ads' },
  initialFetchTimeoutMs: defaultInitialFetchTimeoutMs,
};

/** Where resources come from, and how long their first answer may take. */
export function decodeConfigSource(
  context: DecodeContext,
  message: ConfigSource | undefined,
  path: string,
): SourceConfig {
  if (message === undefined) {
    context.refuse(path, 'is missing');
    return refusedSource;
  }
  const source = decodeSource(context, message, path);
  return source === undefined
    ? refusedSource
    : {
        source,
        initialFetchTimeoutMs: toMsOr(message.initialFetchTimeout, defaultInitialFetchTimeoutMs),
      };
}

/** Undefined: it was refused. */
function decodeSource(
  context: DecodeContext,
  message: ConfigSource,
  path: string,
): ResourceSource | undefined {
  if (message.ads !== undefined) {
    if (context.options.hasAds === false) {
      context.refuse(
        `${path}.ads`,
        'needs dynamic_resources.ads_config, which says where the management server is',
      );
    }
    return { kind: 'ads' };
  }
  if (message.apiConfigSource !== undefined)
    return decodeApi(context, message.apiConfigSource, `${path}.api_config_source`);
  if (message.pathConfigSource !== undefined)
    return decodeFile(context, message.pathConfigSource, `${path}.path_config_source`);
  if (message.path !== undefined) return decodeFile(context, { path: message.path }, path);
  context.refuse(path, 'must be ads, path_config_source or api_config_source');
  return undefined;
}

function decodeFile(
  context: DecodeContext,
  { path: file, watchedDirectory }: Partial<PathConfigSource>,
  path: string,
): ResourceSource {
  for (const [field, name] of [
    ['path', file],
    ['watched_directory.path', watchedDirectory?.path],
  ] as const) {
    if (name !== undefined && !existsSync(name))
      context.refuse(`${path}.${field}`, `there is no ${JSON.stringify(name)}`);
  }
  if (file?.endsWith('.pb_text') === true) {
    context.refuse(
      `${path}.path`,
      'the text form of protobuf is not supported by Heddle yet (supported: .yaml, .json, .pb)',
    );
  }
  return {
    kind: 'file',
    path: file ?? '',
    ...(watchedDirectory === undefined ? {} : { watchedDirectory: watchedDirectory.path }),
  };
}

function decodeApi(context: DecodeContext, message: ApiConfigSource, path: string): ResourceSource {
  const isPolled = message.apiType === 'REST';
  const source: ResourceSource = isPolled
    ? { kind: 'rest', service: decodeRest(context, message, path) }
    : { kind: 'grpc', service: decodeGrpcSource(context, message, path) };
  const { clusterName } = source.service;
  // Of what is missing altogether, that it is missing has been said.
  if (clusterName !== '' && context.options.grpcClusters?.has(clusterName) === false) {
    const field = isPolled ? 'cluster_names[0]' : 'grpc_services[0].envoy_grpc.cluster_name';
    context.refuse(
      `${path}.${field}`,
      `there is no static cluster ${JSON.stringify(clusterName)} that can be asked`,
    );
  }
  return source;
}

function decodeRest(context: DecodeContext, message: ApiConfigSource, path: string): RestService {
  const [clusterName = '', ...others] = message.clusterNames;
  if (clusterName === '') context.refuse(`${path}.cluster_names`, 'must name the cluster of the server');
  if (others.length > 0)
    context.refuse(`${path}.cluster_names[1]`, 'must not be set: polling goes to one cluster');
  if (message.grpcServices.length > 0)
    context.refuse(`${path}.grpc_services`, 'must not be set: polling goes to cluster_names');
  if (message.refreshDelay === undefined)
    context.refuse(`${path}.refresh_delay`, 'must be set: it says how often to poll');
  return {
    clusterName,
    refreshDelayMs: toMsOr(message.refreshDelay, 1000),
    requestTimeoutMs: toMsOr(message.requestTimeout, defaultRequestTimeoutMs),
  };
}
