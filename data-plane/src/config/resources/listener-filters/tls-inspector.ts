import type { Any } from '@heddle/shared/xds/api';
import type { TlsInspector } from '../../model/listener-filters.ts';
import type { DecodeContext } from '../decode-context.ts';

export const tlsInspectorType = 'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';
/** Envoy's most, and its default. */
const maxHelloBytes = 16 * 1024;

export function decodeTlsInspector(context: DecodeContext, any: Any, path: string): TlsInspector {
  const message = context.unpack(tlsInspectorType, any, path);
  const maxClientHelloBytes = message?.maxClientHelloSize ?? maxHelloBytes;
  if (maxClientHelloBytes > maxHelloBytes) {
    context.refuse(`${path}.max_client_hello_size`, `must not be above ${maxHelloBytes}`);
  }
  return {
    kind: 'tls-inspector',
    maxClientHelloBytes,
    closesOnParsingErrors: message?.closeConnectionOnClientHelloParsingErrors ?? false,
  };
}
