import { clientPreface } from '../../codec/http2/protocol.ts';
import type { HttpConnectionManager } from '../../config/model/http-connection-manager.ts';

export type DownstreamProtocol = 'http1' | 'http2';

/** Protocol names of ALPN (RFC 7301). */
const protocolOfAlpn: Readonly<Record<string, DownstreamProtocol>> = { h2: 'http2', 'http/1.1': 'http1' };

/**
 * What a connection speaks: as configured, as both sides agreed by ALPN, or as it begins, which for HTTP/2 is a preface
 * that no request of HTTP/1.1 can be (RFC 9113, 3.4). Undefined: these bytes leave it open, and more have to come.
 */
export function detectProtocol(
  codecType: HttpConnectionManager['codecType'],
  alpnProtocol: string,
  bytes: Buffer,
): DownstreamProtocol | undefined {
  if (codecType !== 'auto') return codecType;
  const agreed = protocolOfAlpn[alpnProtocol];
  if (agreed !== undefined) return agreed;
  // Nearly every request is told from it by its first bytes.
  const length = Math.min(bytes.length, clientPreface.length);
  for (let at = 0; at < length; at++) {
    if (bytes[at] !== clientPreface.charCodeAt(at)) return 'http1';
  }
  return length === clientPreface.length ? 'http2' : undefined;
}
