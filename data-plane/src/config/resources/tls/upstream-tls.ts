import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { Any, Cluster as ClusterMessage } from '@heddle/shared/xds/api';
import type { UpstreamTls } from '../../model/tls.ts';
import { joinPath, type DecodeContext } from '../decode-context.ts';
import { decodeCommonTls } from './common-tls.ts';

export const upstreamTlsType = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
const httpOptionsType = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

const defaultMaxSessionKeys = 1;

export function decodeUpstreamTls(context: DecodeContext, any: Any, path: string): UpstreamTls | undefined {
  const message = context.unpack(upstreamTlsType, any, path);
  if (message === undefined) return undefined;
  const commonPath = `${path}.common_tls_context`;
  if ((message.commonTlsContext?.tlsCertificates ?? []).length > 1) {
    context.refuse(`${commonPath}.tls_certificates[1]`, 'is one too many: a client shows one certificate');
  }
  if (/[^\x21-\x7e]/.test(message.sni)) context.refuse(`${path}.sni`, 'must be a host name in ASCII');
  return {
    ...decodeCommonTls(context, message.commonTlsContext, commonPath, 'upstream'),
    sni: message.sni,
    maxSessionKeys: message.maxSessionKeys ?? defaultMaxSessionKeys,
  };
}

/** The server's name from each request, in the handshake and in the certificate: without TLS there is neither. */
export function refuseAutomaticNames(context: DecodeContext, message: ClusterMessage, path: string): void {
  for (const [name, any] of Object.entries(message.typedExtensionProtocolOptions)) {
    if (toTypeName(any.typeUrl) !== httpOptionsType) continue;
    const options = context.options.api.decode(httpOptionsType, any.value).upstreamHttpProtocolOptions;
    const optionsPath = joinPath(
      path,
      `typed_extension_protocol_options[${JSON.stringify(name)}].upstream_http_protocol_options`,
    );
    if (options?.autoSni === true) {
      context.refuse(
        `${optionsPath}.auto_sni`,
        'is not supported by Heddle yet: set `sni` of the TLS context',
      );
    }
    if (options?.autoSanValidation === true) {
      context.refuse(
        `${optionsPath}.auto_san_validation`,
        'is not supported by Heddle yet: set `match_typed_subject_alt_names` of the TLS context',
      );
    }
  }
}
