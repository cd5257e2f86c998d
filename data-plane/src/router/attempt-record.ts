import type { StreamInfo } from '../downstream/http/stream-info.ts';
import { rememberAttempt } from '../downstream/http/stream-info-record.ts';
import type { StreamBytes, StreamResetReason } from '../codec/codec.ts';
import type { HeaderMap } from '../codec/header-map.ts';
import type { ClusterStats, Host, UpstreamConnectionInfo } from '../upstream/upstream.ts';

/** An attempt begins; `count` is from 1. */
export function recordAttempt(info: StreamInfo, host: Host, count: number, nowMs: number): void {
  rememberAttempt(info);
  info.upstreamAttemptCount = count;
  info.upstreamHost = host.address;
  info.upstreamHostname = host.hostname;
  info.attemptStartedMs = nowMs;
  info.poolReadyMs = undefined;
}

/** An attempt has its connection. Its bytes are counted on from those of the attempts before. */
export function recordConnection(
  info: StreamInfo,
  connection: UpstreamConnectionInfo,
  bytes: StreamBytes,
  nowMs: number,
): void {
  if (info.upstreamBytes !== undefined) addBytes(bytes, info.upstreamBytes);
  info.upstreamBytes = bytes;
  info.upstreamLocalAddress = connection.localAddress;
  info.upstreamProtocol = connection.protocol;
  if (info.upstreamConnectionId !== undefined) {
    (info.earlierConnectionIds ??= []).push(info.upstreamConnectionId);
  }
  info.upstreamConnectionId = connection.connectionId;
  info.upstreamTls = connection.tls;
  info.poolReadyMs = nowMs;
  info.firstUpstreamTxByteMs ??= nowMs;
}

function addBytes(bytes: StreamBytes, earlier: Readonly<StreamBytes>): void {
  bytes.bytesRead += earlier.bytesRead;
  bytes.bytesWritten += earlier.bytesWritten;
  bytes.headerBytesRead += earlier.headerBytesRead;
  bytes.headerBytesWritten += earlier.headerBytesWritten;
  bytes.decompressedHeaderBytesRead += earlier.decompressedHeaderBytesRead;
  bytes.decompressedHeaderBytesWritten += earlier.decompressedHeaderBytesWritten;
}

/**
 * An attempt broke off, by the peer or by this side (`local-reset`), as Envoy classes it: streams of HTTP/2 whose
 * connection fails are not reset, and what breaks the protocol is reset by this side. Without a connection the pool counts.
 */
export function countReset(
  stats: ClusterStats,
  connection: UpstreamConnectionInfo | undefined,
  reason: StreamResetReason,
): void {
  if (connection === undefined) return;
  if (reason === 'local-reset') stats.resetsSent.inc();
  else if (connection.protocol !== 'HTTP/2' || reason === 'remote-reset') stats.resetsReceived.inc();
  else if (reason === 'protocol-error') stats.resetsSent.inc();
  else if (reason === 'connection-termination') stats.connectionFailureEject.inc();
}

/** An answer came, informational ones too, which Envoy counts alike. Returns whether it is a canary's. */
export function countAnswer(stats: ClusterStats, host: Host, headers: HeaderMap, info: StreamInfo): boolean {
  const isCanary = host.isCanary || headers.get('x-envoy-upstream-canary') === 'true';
  stats.onResponse(Number(headers.get(':status') ?? '0'), isCanary, info.isInternalRequest);
  return isCanary;
}
