import type { Any, DownstreamTlsContext } from '@heddle/shared/xds/api';
import { toMs } from '@heddle/shared/xds/milliseconds';
import type { SecretRef } from '../../model/secret.ts';
import type { DownstreamTls } from '../../model/tls.ts';
import type { DecodeContext } from '../decode-context.ts';
import { defined } from '../scalars.ts';
import { decodeCommonTls } from './common-tls.ts';
import { decodeSessionTicketKeys } from './secret.ts';
import { decodeSecretReference } from './secret-reference.ts';

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
  const common = decodeCommonTls(context, message.commonTlsContext, commonPath, 'downstream');
  const keys = decodeTicketKeys(context, message, path);
  return {
    ...common,
    ...(keys.ref === undefined
      ? {}
      : { secrets: { certificates: [], ...common.secrets, sessionTicketKeys: keys.ref } }),
    requireClientCertificate: message.requireClientCertificate ?? false,
    requireSni: message.requireSni ?? false,
    fullScanCertsOnSniMismatch: message.fullScanCertsOnSniMismatch ?? false,
    preferClientCiphers: message.preferClientCiphers,
    isStatelessResumptionDisabled: message.disableStatelessSessionResumption ?? false,
    ...defined<Pick<DownstreamTls, 'sessionTimeoutSeconds' | 'sessionTicketKeysBase64'>>({
      sessionTicketKeysBase64: keys.keysBase64,
      sessionTimeoutSeconds:
        message.sessionTimeout === undefined
          ? undefined
          : Math.min(maxTimeoutSeconds, Math.floor(toMs(message.sessionTimeout) / 1000)),
    }),
  };
}

/** Those of the context, or of a static secret; or the secret that comes. */
function decodeTicketKeys(
  context: DecodeContext,
  message: DownstreamTlsContext,
  path: string,
): { readonly keysBase64?: readonly string[]; readonly ref?: SecretRef } {
  const { sessionTicketKeys, sessionTicketKeysSdsSecretConfig: config } = message;
  if (sessionTicketKeys !== undefined) {
    const keysPath = `${path}.session_ticket_keys`;
    return { keysBase64: decodeSessionTicketKeys(context, sessionTicketKeys, keysPath) };
  }
  if (config === undefined) return {};
  const configPath = `${path}.session_ticket_keys_sds_secret_config`;
  const reference = decodeSecretReference(context, config, configPath, 'session-ticket-keys');
  if (reference?.kind === 'static') return { keysBase64: reference.value.keysBase64 };
  return reference === undefined ? {} : { ref: reference.ref };
}
