import type { StreamResetReason } from '../codec/codec.ts';
import type { HeaderMap } from '../codec/header-map.ts';
import type { UpstreamConnectionInfo } from '../upstream/upstream.ts';
import type { RequestBody } from './request-body.ts';

/** Methods whose requests may be sent twice (RFC 9110, 9.2.2). */
const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * The request can be sent once more at no risk: the server says that it did nothing (REFUSED_STREAM, or GOAWAY before
 * it; RFC 9113, 8.7), or it closed an idle connection while an idempotent request was on its way.
 */
export function isRepeatable(
  connection: UpstreamConnectionInfo | undefined,
  reason: StreamResetReason,
  body: RequestBody,
  headers: HeaderMap,
): boolean {
  if (connection === undefined || !body.isReplayable) return false;
  if (reason === 'remote-refused-stream') return true;
  return (
    connection.isReused &&
    !connection.hasReceivedBytes &&
    (reason === 'connection-termination' || reason === 'remote-reset') &&
    idempotentMethods.has(headers.get(':method') ?? '')
  );
}
