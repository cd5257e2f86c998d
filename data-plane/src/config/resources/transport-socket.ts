import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { TransportSocket } from '@heddle/shared/xds/api';
import type { DecodeContext } from './decode-context.ts';

const rawBufferType = 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';

/** Connections are plain: any other transport socket is refused by its name. */
export function checkRawBuffer(
  context: DecodeContext,
  { name, typedConfig }: TransportSocket,
  path: string,
): void {
  const isRawBuffer =
    typedConfig === undefined
      ? name === 'envoy.transport_sockets.raw_buffer'
      : toTypeName(typedConfig.typeUrl) === rawBufferType;
  if (!isRawBuffer) context.refuseType(typedConfig, name, path, [rawBufferType]);
}
