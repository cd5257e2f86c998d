import type { Any, ProxyProtocolPassThroughTLVs } from '@heddle/shared/xds/api';
import type { PassThroughTlvs, ProxyProtocol, ProxyProtocolRule } from '../../model/listener-filters.ts';
import type { DecodeContext } from '../decode-context.ts';

export const proxyProtocolType = 'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol';
const defaultNamespace = 'envoy.filters.listener.proxy_protocol';
const versions = { V1: 1, V2: 2 } as const;

export function decodeProxyProtocol(context: DecodeContext, any: Any, path: string): ProxyProtocol {
  const message = context.unpack(proxyProtocolType, any, path);
  const disallowed = (message?.disallowedVersions ?? []).map((version) => versions[version]);
  return {
    kind: 'proxy-protocol',
    statPrefix: message?.statPrefix ?? '',
    allowsWithoutHeader: message?.allowRequestsWithoutProxyProtocol ?? false,
    allowedVersions: ([1, 2] as const).filter((version) => !disallowed.includes(version)),
    rules: (message?.rules ?? []).flatMap(({ tlvType, onTlvPresent }): readonly ProxyProtocolRule[] => {
      // A rule that says nothing of what to keep keeps nothing.
      if (onTlvPresent === undefined) return [];
      const { metadataNamespace, key, valueStringEncoding } = onTlvPresent;
      return [
        {
          tlvType,
          metadataNamespace: metadataNamespace || defaultNamespace,
          key,
          encoding: valueStringEncoding === 'BASE64' ? 'base64' : 'utf8',
        },
      ];
    }),
    rulesLocation: message?.tlvLocation === 'FILTER_STATE' ? 'filter-state' : 'dynamic-metadata',
    passThroughTlvs: toPassThroughTlvs(message?.passThroughTlvs),
  };
}

/** Without a message none go on. */
export function toPassThroughTlvs(message: ProxyProtocolPassThroughTLVs | undefined): PassThroughTlvs {
  if (message === undefined) return [];
  return message.matchType === 'INCLUDE_ALL' ? 'all' : message.tlvType;
}
