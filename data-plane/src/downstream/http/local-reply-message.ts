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
 * A gRPC request gets 200 with the status in headers; others get text/plain. HEAD is told the length and sent no body.
 */
export function buildLocalReply(reply: LocalReply, isGrpc: boolean, isHead: boolean): LocalReplyMessage {
  const headers = new HeaderMap();
  if (isGrpc) {
    headers.addUnchecked(':status', '200');
    headers.addUnchecked('content-type', 'application/grpc');
    const grpcStatus = reply.grpcStatus ?? grpcStatusOfHttp(reply.status);
    headers.addUnchecked('grpc-status', String(grpcStatus));
    if (reply.body !== '') headers.addUnchecked('grpc-message', encodeGrpcMessage(reply.body));
    addGiven(headers, reply);
    return { headers, body: undefined };
  }
  headers.addUnchecked(':status', String(reply.status));
  const body =
    reply.body === '' || bodilessStatuses.has(reply.status) ? undefined : Buffer.from(reply.body, 'utf8');
  if (body !== undefined) {
    headers.addUnchecked('content-length', String(body.length));
    headers.addUnchecked('content-type', 'text/plain');
  }
  addGiven(headers, reply);
  // A route that adds a content type means its own, not one beside ours.
  const types = headers.getAll('content-type');
  if (types.length > 1) headers.set('content-type', types.at(-1) ?? '');
  return { headers, body: isHead ? undefined : body };
}

function addGiven(headers: HeaderMap, reply: LocalReply): void {
  for (const [name, value] of reply.headers ?? []) headers.add(name, toFieldValue(value));
  reply.modifyHeaders?.(headers);
}
