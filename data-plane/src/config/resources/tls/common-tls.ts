import type { CommonTlsContext } from '@heddle/shared/xds/api';
import { mergeValidation, problemOfValidation } from '../../model/resolve-tls.ts';
import type { SecretRef } from '../../model/secret.ts';
import type { DownstreamTls, TlsCertificate, TlsValidation } from '../../model/tls.ts';
import type { DecodeContext } from '../decode-context.ts';
import { decodeSecretReference } from './secret-reference.ts';
import { decodeTlsCertificate } from './tls-certificate.ts';
import { decodeTlsParameters } from './tls-parameters.ts';
import { decodeTlsValidation } from './tls-validation.ts';
import { tryOutTls } from './try-out-tls.ts';

type CommonTls = Pick<
  DownstreamTls,
  'parameters' | 'certificates' | 'alpnProtocols' | 'validation' | 'secrets'
>;

const maxProtocolBytes = 255;

/** What both sides of TLS have. Whatever a worker would build of it is built here once, and thrown away. */
export function decodeCommonTls(
  context: DecodeContext,
  message: CommonTlsContext | undefined,
  path: string,
  side: 'downstream' | 'upstream',
): CommonTls {
  const problemCount = context.problems.length;
  const parameters = decodeTlsParameters(context, message?.tlsParams, `${path}.tls_params`, side);
  const inlineCertificates = (message?.tlsCertificates ?? []).flatMap(
    (certificate, i) => decodeTlsCertificate(context, certificate, `${path}.tls_certificates[${i}]`) ?? [],
  );
  const named = decodeNamedCertificates(context, message, path);
  const { validation, secret } = decodeValidations(context, message, path);
  const alpnProtocols = message?.alpnProtocols ?? [];
  for (const [i, protocol] of alpnProtocols.entries()) {
    const byteCount = Buffer.byteLength(protocol);
    if (byteCount === 0 || byteCount > maxProtocolBytes) {
      context.refuse(`${path}.alpn_protocols[${i}]`, 'must have 1 to 255 bytes');
    }
  }
  const certificates = [...inlineCertificates, ...named.certificates];
  if (context.problems.length === problemCount) {
    tryOutTls(context, { parameters, certificates: [] }, `${path}.tls_params`);
    for (const [i, certificate] of inlineCertificates.entries()) {
      tryOutTls(context, { parameters, certificates: [certificate] }, `${path}.tls_certificates[${i}]`);
    }
    if (validation !== undefined) {
      tryOutTls(context, { parameters, certificates: [], validation }, `${path}.validation_context`);
    }
  }
  return {
    parameters,
    certificates,
    alpnProtocols,
    ...(validation === undefined ? {} : { validation }),
    ...(named.refs.length === 0 && secret === undefined
      ? {}
      : {
          secrets: { certificates: named.refs, ...(secret === undefined ? {} : { validation: secret }) },
        }),
  };
}

/** Certificates of the bootstrap, and those that come. */
function decodeNamedCertificates(
  context: DecodeContext,
  message: CommonTlsContext | undefined,
  path: string,
): { readonly certificates: TlsCertificate[]; readonly refs: SecretRef[] } {
  const configs = message?.tlsCertificateSdsSecretConfigs ?? [];
  const configsPath = `${path}.tls_certificate_sds_secret_configs`;
  if (configs.length > 0 && (message?.tlsCertificates ?? []).length > 0) {
    context.refuse(configsPath, 'must not be set: there are tls_certificates');
  }
  const certificates: TlsCertificate[] = [];
  const refs: SecretRef[] = [];
  for (const [i, config] of configs.entries()) {
    const reference = decodeSecretReference(context, config, `${configsPath}[${i}]`, 'tls-certificate');
    if (reference?.kind === 'static') certificates.push(reference.value.certificate);
    else if (reference !== undefined) refs.push(reference.ref);
  }
  if (certificates.length > 0 && refs.length > 0) {
    context.refuse(configsPath, 'must be static secrets or dynamic ones, not both');
  }
  return { certificates, refs };
}

/** What stands in the context, merged with a static secret; and the secret that comes. */
function decodeValidations(
  context: DecodeContext,
  message: CommonTlsContext | undefined,
  path: string,
): { readonly validation: TlsValidation | undefined; readonly secret: SecretRef | undefined } {
  const combined = message?.combinedValidationContext;
  const base = combined?.defaultValidationContext ?? message?.validationContext;
  const basePath =
    combined === undefined
      ? `${path}.validation_context`
      : `${path}.combined_validation_context.default_validation_context`;
  let validation = base === undefined ? undefined : decodeTlsValidation(context, base, basePath);
  const config = combined?.validationContextSdsSecretConfig ?? message?.validationContextSdsSecretConfig;
  const configPath =
    combined === undefined
      ? `${path}.validation_context_sds_secret_config`
      : `${path}.combined_validation_context.validation_context_sds_secret_config`;
  const reference =
    config === undefined
      ? undefined
      : decodeSecretReference(context, config, configPath, 'validation-context');
  if (reference?.kind === 'static') validation = mergeValidation(validation, reference.value.validation);
  const secret = reference?.kind === 'dynamic' ? reference.ref : undefined;
  const problem =
    validation === undefined || secret !== undefined ? undefined : problemOfValidation(validation);
  if (problem !== undefined) context.refuse(`${basePath}.trusted_ca`, problem);
  return { validation, secret };
}
