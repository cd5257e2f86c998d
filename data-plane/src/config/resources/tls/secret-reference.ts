import type { SdsSecretConfig } from '@heddle/shared/xds/api';
import type { SecretKind, SecretRef, SecretValue } from '../../model/secret.ts';
import { decodeConfigSource } from '../config-source.ts';
import type { DecodeContext } from '../decode-context.ts';

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
  const { source, initialFetchTimeoutMs } = decodeConfigSource(context, sdsConfig, `${path}.sds_config`);
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
