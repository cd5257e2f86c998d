import type { Any } from '@heddle/shared/xds/api';
import { toMs } from '@heddle/shared/xds/milliseconds';
import type { DownstreamTls } from '../../model/tls.ts';
import type { DecodeContext } from '../decode-context.ts';
import { defined } from '../scalars.ts';
import { decodeCommonTls } from './common-tls.ts';
import { decodeSessionTicketKeys } from './secret.ts';

/** What OpenSSL takes through Node; Envoy takes twice as much. */
const maxTimeoutSeconds = 0x7fff_ffff;

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
    isStatelessResumptionDisabled: message.disableStatelessSessionResumption ?? false,
    ...defined<Pick<DownstreamTls, 'sessionTimeoutSeconds' | 'sessionTicketKeysBase64'>>({
      sessionTicketKeysBase64:
        message.sessionTicketKeys === undefined
          ? undefined
          : decodeSessionTicketKeys(context, message.sessionTicketKeys, `${path}.session_ticket_keys`),
      sessionTimeoutSeconds:
        message.sessionTimeout === undefined
          ? undefined
          : Math.min(maxTimeoutSeconds, Math.floor(toMs(message.sessionTimeout) / 1000)),
    }),
  };
}
