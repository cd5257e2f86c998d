import type { Any } from '@heddle/shared/xds/api';
import type { DownstreamTls } from '../../model/tls.ts';
import type { DecodeContext } from '../decode-context.ts';
import { defined, toMs } from '../scalars.ts';
import { decodeCommonTls } from './common-tls.ts';

export const downstreamTlsType = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';

export function decodeDownstreamTls(
  context: DecodeContext,
  any: Any,
  path: string,
): DownstreamTls | undefined {
  const message = context.unpack(downstreamTlsType, any, path);
  if (message === undefined) return undefined;
  const commonPath = `${path}.common_tls_context`;
  const { tlsCertificates = [], tlsCertificateSdsSecretConfigs = [] } = message.commonTlsContext ?? {};
  if (tlsCertificates.length + tlsCertificateSdsSecretConfigs.length === 0) {
    context.refuse(`${commonPath}.tls_certificates`, 'must not be empty: a server has a certificate');
  }
  return {
    ...decodeCommonTls(context, message.commonTlsContext, commonPath, 'downstream'),
    requireClientCertificate: message.requireClientCertificate ?? false,
    requireSni: message.requireSni ?? false,
    fullScanCertsOnSniMismatch: message.fullScanCertsOnSniMismatch ?? false,
    preferClientCiphers: message.preferClientCiphers,
    ...defined<Pick<DownstreamTls, 'sessionTimeoutSeconds'>>({
      sessionTimeoutSeconds:
        message.sessionTimeout === undefined ? undefined : Math.round(toMs(message.sessionTimeout) / 1000),
    }),
  };
}
