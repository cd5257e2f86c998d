import { formatProblem } from '@heddle/shared/errors/problem';
import type { RejectedResource } from '../subscription.ts';
import type { ErrorDetail } from './mux-state.ts';

/** google.rpc.Code INTERNAL: what Envoy sends with every NACK. */
const internalCode = 13;
const maxMessageBytes = 4096;
const truncationMark = '...(truncated)';

/**
 * The text of a NACK: one line for each refused resource, in the order of the response, with all of its problems.
 * `Cluster "a": lb_policy: RING_HASH is not supported by Heddle yet; connect_timeout: must be greater than 0s`
 */
export function buildNack(typeUrl: string, refused: readonly RejectedResource[]): ErrorDetail {
  const typeName = typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
  const lines = refused.map(({ name, problems }) => {
    const subject = name === '' ? typeName : `${typeName} ${JSON.stringify(name)}`;
    return `${subject}: ${problems.map(formatProblem).join('; ')}`;
  });
  return { code: internalCode, message: truncate(lines.join('\n')) };
}

/** Cuts at 4096 bytes, as Envoy does, without splitting a character. */
function truncate(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= maxMessageBytes) return message;
  let end = maxMessageBytes;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end) + truncationMark;
}
