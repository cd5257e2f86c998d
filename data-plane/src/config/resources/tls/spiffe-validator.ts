import { splitRevocationLists } from '@heddle/shared/tls/revocation-list';
import type { CertificateValidationContext } from '@heddle/shared/xds/api';
import type { TrustDomain } from '../../model/tls.ts';
import { readDataSource } from '../data-source.ts';
import type { DecodeContext } from '../decode-context.ts';
import { readPemCertificates } from './tls-certificate.ts';

const validatorType = 'envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig';

/** `custom_validator_config`: SPIFFE's is the only one there is. Undefined: there is none, or it was refused. */
export function decodeTrustDomains(
  context: DecodeContext,
  message: CertificateValidationContext,
  path: string,
): readonly TrustDomain[] | undefined {
  const any = message.customValidatorConfig?.typedConfig;
  if (message.customValidatorConfig === undefined) return undefined;
  const configPath = `${path}.custom_validator_config.typed_config`;
  if (any === undefined) {
    context.refuse(configPath, 'is missing');
    return undefined;
  }
  const config = context.unpack(validatorType, any, configPath);
  if (config === undefined) return undefined;
  refuseWithoutEffect(context, message, path);
  const names = new Set<string>();
  return config.trustDomains.flatMap(({ name, trustBundle }, i) => {
    const domainPath = `${configPath}.trust_domains[${i}]`;
    if (names.has(name)) context.refuse(`${domainPath}.name`, `${JSON.stringify(name)} is there already`);
    names.add(name);
    const bundlePath = `${domainPath}.trust_bundle`;
    if (trustBundle === undefined) {
      context.refuse(bundlePath, 'is missing');
      return [];
    }
    const bundlePem = readDataSource(context, trustBundle, bundlePath).toString('latin1');
    readPemCertificates(context, bundlePem, bundlePath);
    if (splitRevocationLists(bundlePem).length > 0) {
      context.refuse(bundlePath, 'holds a list of revoked certificates, which is not supported here');
    }
    return { name, bundlePem };
  });
}

/** What Envoy's SPIFFE validator passes over in silence. */
function refuseWithoutEffect(
  context: DecodeContext,
  message: CertificateValidationContext,
  path: string,
): void {
  const { crl, verifyCertificateHash, verifyCertificateSpki, trustChainVerification } = message;
  const isSet = {
    crl: crl !== undefined,
    verify_certificate_hash: verifyCertificateHash.length > 0,
    verify_certificate_spki: verifyCertificateSpki.length > 0,
    trust_chain_verification: trustChainVerification !== 'VERIFY_TRUST_CHAIN',
    only_verify_leaf_cert_crl: message.onlyVerifyLeafCertCrl,
    max_verify_depth: message.maxVerifyDepth !== undefined,
  };
  for (const [field, isThere] of Object.entries(isSet)) {
    if (isThere) context.refuse(`${path}.${field}`, 'has no effect on the SPIFFE validator');
  }
  for (const [i, { sanType }] of message.matchTypedSubjectAltNames.entries()) {
    if (sanType === 'URI') continue;
    context.refuse(
      `${path}.match_typed_subject_alt_names[${i}].san_type`,
      'must be URI: the SPIFFE validator looks at no other name',
    );
  }
}
