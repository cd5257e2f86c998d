import type { Secret } from '@heddle/shared/model/secret';
import type { Service } from '@heddle/shared/model/service';
import type { ConfigSource, TransportSocket } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { configSourceOf, extension } from './message-parts.ts';
import type { SeparateSource } from './node-scope.ts';
import { identityName, inboundTrustName, trustName } from './resource-names.ts';
import type { TranslatedOf } from './translated.ts';

type SecretResource = TranslatedOf<'envoy.extensions.transport_sockets.tls.v3.Secret'>;

const tls = 'envoy.extensions.transport_sockets.tls.v3';

/** TLS between proxies of a service. */
export type ServiceTls = NonNullable<NonNullable<Service['spec']>['tls']>;

/** `name`: of the resource; one object of the mesh goes to different proxies under different names. */
export function buildSecret(name: string, { spec }: Secret): SecretResource {
  const { certificate, trustBundle } = spec;
  return {
    typeName: `${tls}.Secret`,
    name,
    references: [],
    value: {
      name,
      ...(certificate === undefined
        ? { validationContext: { trustedCa: { inlineString: trustBundle ?? '' } } }
        : {
            tlsCertificate: {
              certificateChain: { inlineString: certificate.chain },
              privateKey: { inlineString: certificate.privateKey },
            },
          }),
    },
  };
}

/** Of an inbound listener: the proxy shows its own certificate, and takes those of the trusted authorities alone. */
export function buildInboundSocket(
  api: XdsApi,
  source: SeparateSource | undefined,
): MessageInit<TransportSocket> {
  const sdsConfig = configSourceOf(source);
  return extension(api, 'envoy.transport_sockets.tls', `${tls}.DownstreamTlsContext`, {
    requireClientCertificate: true,
    commonTlsContext: {
      ...ownCertificate(sdsConfig),
      validationContextSdsSecretConfig: { name: inboundTrustName, sdsConfig },
    },
  });
}

/** Towards the instances of a service: whoever answers must have a certificate for the service's name. */
export function buildUpstreamSocket(
  api: XdsApi,
  service: string,
  { trustBundle }: ServiceTls,
  source: SeparateSource | undefined,
): MessageInit<TransportSocket> {
  const sdsConfig = configSourceOf(source);
  return extension(api, 'envoy.transport_sockets.tls', `${tls}.UpstreamTlsContext`, {
    sni: service,
    commonTlsContext: {
      // Envoy's default for clients stops at 1.2.
      tlsParams: { tlsMaximumProtocolVersion: 'TLSv1_3' },
      ...ownCertificate(sdsConfig),
      combinedValidationContext: {
        defaultValidationContext: {
          matchTypedSubjectAltNames: [{ sanType: 'DNS', matcher: { exact: service } }],
        },
        validationContextSdsSecretConfig: { name: trustName(trustBundle), sdsConfig },
      },
    },
  });
}

function ownCertificate(sdsConfig: MessageInit<ConfigSource>) {
  return { tlsCertificateSdsSecretConfigs: [{ name: identityName, sdsConfig }] };
}
