import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { Any, Cluster as ClusterMessage, TransportSocket } from '@heddle/shared/xds/api';
import type { DownstreamTls, UpstreamTls } from '../model/tls.ts';
import type { TransportSocketMatch } from '../model/cluster.ts';
import { joinPath, type DecodeContext } from './decode-context.ts';
import { decodeDownstreamTls, downstreamTlsType } from './tls/downstream-tls.ts';
import { decodeUpstreamTls, upstreamTlsType } from './tls/upstream-tls.ts';

const rawBufferType = 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';

/** Of a filter chain. Undefined: connections are plain. */
export function decodeDownstreamSocket(
  context: DecodeContext,
  socket: TransportSocket | undefined,
  path: string,
): DownstreamTls | undefined {
  return decodeSocket(context, socket, path, downstreamTlsType, decodeDownstreamTls);
}

/** Of a cluster. Undefined: connections are plain. */
export function decodeUpstreamSocket(
  context: DecodeContext,
  socket: TransportSocket | undefined,
  path: string,
): UpstreamTls | undefined {
  return decodeSocket(context, socket, path, upstreamTlsType, decodeUpstreamTls);
}

/** Undefined: there are none. */
export function decodeTransportSocketMatches(
  context: DecodeContext,
  { transportSocketMatches: messages }: ClusterMessage,
  path: string,
): readonly TransportSocketMatch[] | undefined {
  const names = new Set<string>();
  const decoded = messages.map(({ name, match, transportSocket }, i) => {
    const matchPath = joinPath(path, `transport_socket_matches[${i}]`);
    if (names.has(name)) context.refuse(`${matchPath}.name`, `${name} occurs twice`);
    names.add(name);
    const tls = decodeUpstreamSocket(context, transportSocket, `${matchPath}.transport_socket`);
    return { name, match: match ?? {}, ...(tls === undefined ? {} : { tls }) };
  });
  return decoded.length === 0 ? undefined : decoded;
}

/** What is neither plain nor TLS is refused by its name. */
function decodeSocket<T>(
  context: DecodeContext,
  socket: TransportSocket | undefined,
  path: string,
  tlsType: string,
  decodeTls: (context: DecodeContext, any: Any, path: string) => T | undefined,
): T | undefined {
  if (socket === undefined) return undefined;
  const { name, typedConfig } = socket;
  const type = toTypeName(typedConfig?.typeUrl ?? '');
  if (typedConfig !== undefined && type === tlsType)
    return decodeTls(context, typedConfig, `${path}.typed_config`);
  const isRawBuffer =
    typedConfig === undefined ? name === 'envoy.transport_sockets.raw_buffer' : type === rawBufferType;
  if (!isRawBuffer) context.refuseType(typedConfig, name, path, [rawBufferType, tlsType]);
  return undefined;
}
