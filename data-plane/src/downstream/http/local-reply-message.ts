import { HeaderMap } from '../../codec/header-map.ts';
import { toFieldValue } from '../../lang/latin1.ts';
import { encodeGrpcMessage, grpcStatusOfHttp } from './grpc-status.ts';
import type { LocalReply } from './local-reply.ts';

/** What the client gets for a `LocalReply`. Together with that type: the only place where an error becomes an answer. */
export interface LocalReplyMessage {
  readonly headers: HeaderMap;
  /** Undefined: the answer is its headers. */
  readonly body: Buffer | undefined;
}

const bodilessStatuses: ReadonlySet<number> = new Set([204, 304]);

/**
 * `applyRoute` makes the changes that the chosen route has for answers; those of the reply come after it.
 * A gRPC request gets 200 with the status in headers; others get text/plain. HEAD is told the length and sent no body.
 */
export function buildLocalReply(
  reply: LocalReply,
  isGrpc: boolean,
  isHead: boolean,
  applyRoute: (headers: HeaderMap) => void,
): LocalReplyMessage {
  const headers = new HeaderMap();
  headers.addUnchecked(':status', String(reply.status));
  for (const [name, value] of reply.headers ?? []) headers.add(name, toFieldValue(value));
  applyRoute(headers);
  reply.modifyHeaders?.(headers);
  if (isGrpc) {
    headers.set(':status', '200');
    headers.set('content-type', 'application/grpc');
    headers.set('grpc-status', String(reply.grpcStatus ?? grpcStatusOfHttp(reply.status)));
    if (reply.body !== '') headers.set('grpc-message', encodeGrpcMessage(reply.body));
    return { headers, body: undefined };
  }
  if (reply.body === '') return { headers, body: undefined };
  const body = Buffer.from(reply.body, 'utf8');
  // A route that adds a content type means its own, not one beside ours.
  if (!headers.has('content-type')) headers.addUnchecked('content-type', 'text/plain');
  if (bodilessStatuses.has(reply.status)) return { headers, body: undefined };
  headers.set('content-length', String(body.length));
  return { headers, body: isHead ? undefined : body };
}
