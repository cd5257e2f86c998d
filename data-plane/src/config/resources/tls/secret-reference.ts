import { existsSync } from 'node:fs';
import type { ConfigSource, SdsSecretConfig } from '@heddle/shared/xds/api';
import type { SecretKind, SecretRef, SecretSource, SecretValue } from '../../model/secret.ts';
import { decodeInitialFetchTimeoutMs } from '../config-source.ts';
import type { DecodeContext } from '../decode-context.ts';
import { decodeGrpcSource } from '../grpc-source.ts';

/** What a name leads to: a secret of the bootstrap, at once, or one that comes. */
export type SecretReference<K extends SecretKind> =
  | { readonly kind: 'static'; readonly value: Extract<SecretValue, { readonly kind: K }> }
  | { readonly kind: 'dynamic'; readonly ref: SecretRef };

/** Undefined: it was refused. */
export function decodeSecretReference<K extends SecretKind>(
  context: DecodeContext,
  message: SdsSecretConfig,
  path: string,
  kind: K,
): SecretReference<K> | undefined {
  const { name, sdsConfig } = message;
  if (sdsConfig === undefined) return findStatic(context, name, path, kind);
  const source = decodeSource(context, sdsConfig, `${path}.sds_config`);
  if (source === undefined) return undefined;
  const initialFetchTimeoutMs = decodeInitialFetchTimeoutMs(context, sdsConfig, `${path}.sds_config`);
  return {
    kind: 'dynamic',
    ref: { key: JSON.stringify([kind, name, source]), kind, name, source, initialFetchTimeoutMs },
  };
}

function findStatic<K extends SecretKind>(
  context: DecodeContext,
  name: string,
  path: string,
  kind: K,
): SecretReference<K> | undefined {
  const value = context.options.staticSecrets?.get(name)?.value;
  if (value?.kind === kind) {
    return { kind: 'static', value: value as Extract<SecretValue, { readonly kind: K }> };
  }
  const what =
    value === undefined ? 'no static secret' : `a static secret, but no ${kind.replaceAll('-', ' ')}`;
  context.refuse(
    `${path}.name`,
    `${JSON.stringify(name)} is ${what}; sds_config says where else it comes from`,
  );
  return undefined;
}

function decodeSource(context: DecodeContext, message: ConfigSource, path: string): SecretSource | undefined {
  if (message.ads !== undefined) {
    if (context.options.hasAds === false) {
      context.refuse(
        `${path}.ads`,
        'needs dynamic_resources.ads_config, which says where the management server is',
      );
    }
    return { kind: 'ads' };
  }
  if (message.apiConfigSource !== undefined) {
    const service = decodeGrpcSource(context, message.apiConfigSource, `${path}.api_config_source`);
    if (context.options.grpcClusters?.has(service.clusterName) === false) {
      context.refuse(
        `${path}.api_config_source.grpc_services[0].envoy_grpc.cluster_name`,
        `there is no static cluster ${JSON.stringify(service.clusterName)} without TLS`,
      );
    }
    return { kind: 'grpc', service };
  }
  const file = message.pathConfigSource;
  if (file === undefined) {
    context.refuse(path, 'must be ads, path_config_source or api_config_source');
    return undefined;
  }
  for (const [field, name] of [
    ['path', file.path],
    ['watched_directory.path', file.watchedDirectory?.path],
  ] as const) {
    if (name !== undefined && !existsSync(name)) {
      context.refuse(`${path}.path_config_source.${field}`, `there is no ${JSON.stringify(name)}`);
    }
  }
  return {
    kind: 'file',
    path: file.path,
    ...(file.watchedDirectory === undefined ? {} : { watchedDirectory: file.watchedDirectory.path }),
  };
}
