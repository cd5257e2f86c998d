import type { Any } from '@heddle/shared/xds/api';
import type { HttpInspector } from '../../model/listener-filters.ts';
import type { DecodeContext } from '../decode-context.ts';

export const httpInspectorType = 'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector';

export function decodeHttpInspector(context: DecodeContext, any: Any, path: string): HttpInspector {
  context.unpack(httpInspectorType, any, path);
  return { kind: 'http-inspector' };
}
