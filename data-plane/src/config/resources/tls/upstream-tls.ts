import type { Any } from '@heddle/shared/xds/api';
import type { UpstreamTls } from '../../model/tls.ts';
import type { DecodeContext } from '../decode-context.ts';
import { decodeCommonTls } from './common-tls.ts';

export const upstreamTlsType = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';

const defaultMaxSessionKeys = 1;

export function decodeUpstreamTls(context: DecodeContext, any: Any, path: string): UpstreamTls | undefined {
  const message = context.unpack(upstreamTlsType, any, path);
  if (message === undefined) return undefined;
  const commonPath = `${path}.common_tls_context`;
  if ((message.commonTlsContext?.tlsCertificates ?? []).length > 1) {
    context.refuse(`${commonPath}.tls_certificates[1]`, 'is one too many: a client shows one certificate');
  }
  if ((message.commonTlsContext?.tlsCertificateSdsSecretConfigs ?? []).length > 1) {
    context.refuse(
      `${commonPath}.tls_certificate_sds_secret_configs[1]`,
      'is one too many: a client shows one certificate',
    );
  }
  if (/[^\x21-\x7e]/.test(message.sni)) context.refuse(`${path}.sni`, 'must be a host name in ASCII');
  const common = decodeCommonTls(context, message.commonTlsContext, commonPath, 'upstream');
  // What comes as a secret is looked into when it comes.
  const hasAuthority = common.validation?.trustedCaPem ?? common.secrets?.validation;
  if (message.autoSniSanValidation && hasAuthority === undefined) {
    context.refuse(
      `${path}.auto_sni_san_validation`,
      'needs a validation context with `trusted_ca`: without it anybody can have any name',
    );
  }
  return {
    ...common,
    sni: message.sni,
    autoHostSni: message.autoHostSni,
    autoSniSanValidation: message.autoSniSanValidation,
    enforceRsaKeyUsage: message.enforceRsaKeyUsage ?? true,
    maxSessionKeys: message.maxSessionKeys ?? defaultMaxSessionKeys,
  };
}
