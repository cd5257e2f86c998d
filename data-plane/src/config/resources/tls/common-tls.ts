import { createSecureContext } from 'node:tls';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { CommonTlsContext } from '@heddle/shared/xds/api';
import { toSecureContextOptions } from '../../model/secure-context-options.ts';
import type { DownstreamTls, TlsCertificate } from '../../model/tls.ts';
import type { DecodeContext } from '../decode-context.ts';
import { decodeTlsCertificate } from './tls-certificate.ts';
import { decodeTlsParameters } from './tls-parameters.ts';
import { decodeTlsValidation } from './tls-validation.ts';

type CommonTls = Pick<DownstreamTls, 'parameters' | 'certificates' | 'alpnProtocols' | 'validation'>;

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
  const certificates = (message?.tlsCertificates ?? []).map((certificate, i) =>
    decodeTlsCertificate(context, certificate, `${path}.tls_certificates[${i}]`),
  );
  const validation =
    message?.validationContext === undefined
      ? undefined
      : decodeTlsValidation(context, message.validationContext, `${path}.validation_context`);
  const alpnProtocols = message?.alpnProtocols ?? [];
  for (const [i, protocol] of alpnProtocols.entries()) {
    const byteCount = Buffer.byteLength(protocol);
    if (byteCount === 0 || byteCount > maxProtocolBytes) {
      context.refuse(`${path}.alpn_protocols[${i}]`, 'must have 1 to 255 bytes');
    }
  }
  const common: CommonTls = {
    parameters,
    certificates: certificates.filter((certificate) => certificate !== undefined),
    alpnProtocols,
    ...(validation === undefined ? {} : { validation }),
  };
  if (context.problems.length === problemCount) tryOut(context, common, path);
  return common;
}

/** OpenSSL has the last word: on the strength of keys and signatures, on lists of revoked certificates. */
function tryOut(
  context: DecodeContext,
  { parameters, certificates, validation }: CommonTls,
  path: string,
): void {
  const build = (
    field: string,
    parts: {
      readonly certificates: readonly TlsCertificate[];
      readonly validation?: CommonTls['validation'];
    },
  ): void => {
    try {
      createSecureContext(toSecureContextOptions({ parameters, preferClientCiphers: false, ...parts }));
    } catch (thrown) {
      context.refuse(`${path}.${field}`, `OpenSSL refuses it: ${messageOf(thrown)}`);
    }
  };
  build('tls_params', { certificates: [] });
  for (const [i, certificate] of certificates.entries()) {
    build(`tls_certificates[${i}]`, { certificates: [certificate] });
  }
  if (validation !== undefined) build('validation_context', { certificates: [], validation });
}
