import type { StreamResetReason } from '../codec/codec.ts';
import type { HeaderMap } from '../codec/header-map.ts';
import type { UpstreamConnectionInfo } from '../upstream/upstream.ts';
import type { RequestBody } from './request-body.ts';

/** Methods whose requests may be sent twice (RFC 9110, 9.2.2). */
const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** The server closed an idle connection while a request was on its way, which can be sent once more at no risk. */
export function isKeepAliveRace(
  connection: UpstreamConnectionInfo | undefined,
  reason: StreamResetReason,
  body: RequestBody,
  headers: HeaderMap,
): boolean {
  return (
    connection !== undefined &&
    connection.isReused &&
    !connection.hasReceivedBytes &&
    (reason === 'connection-termination' || reason === 'remote-reset') &&
    body.isReplayable &&
    idempotentMethods.has(headers.get(':method') ?? '')
  );
}
