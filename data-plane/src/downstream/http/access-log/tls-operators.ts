import type { X509Certificate } from 'node:crypto';
import type { SubjectAltNameType } from '@heddle/shared/tls/subject-alt-names';
import type { TlsFacts } from '../../../transport/tls-facts.ts';
import type { StreamInfo } from '../stream-info.ts';
import { toDistinguishedName, toEscapedPem, toFingerprint, toNames, toSerial } from './certificate-text.ts';
import { text, type FormatContext, type OperatorFactory, type OperatorTable } from './format-operator.ts';
import { compileTimeFormat } from './time-format.ts';

type ReadFacts = (info: StreamInfo) => TlsFacts | undefined;
type ReadCertificate = (info: StreamInfo) => X509Certificate | undefined;

const downstream: ReadFacts = (info) => info.downstreamTls;
const upstream: ReadFacts = (info) => info.upstreamTls;
const downstreamPeer: ReadCertificate = (info) => info.downstreamTls?.peerCertificate;
const downstreamPeerIssuer: ReadCertificate = (info) => info.downstreamTls?.peerIssuer;
const downstreamLocal: ReadCertificate = (info) => info.downstreamTls?.localCertificate;
const upstreamPeer: ReadCertificate = (info) => info.upstreamTls?.peerCertificate;
const upstreamLocal: ReadCertificate = (info) => info.upstreamTls?.localCertificate;

function fact(read: ReadFacts, name: 'version' | 'cipher' | 'group' | 'sessionId' | 'serverName') {
  return text((info) => read(info)?.[name]);
}

function certificate(read: ReadCertificate, write: (certificate: X509Certificate) => string) {
  return text((info) => {
    const found = read(info);
    return found === undefined ? undefined : write(found);
  });
}

function names(read: ReadCertificate, type: SubjectAltNameType): OperatorFactory {
  return certificate(read, (found) => toNames(found, type));
}

function validity(read: ReadCertificate, edge: 'validFromDate' | 'validToDate'): OperatorFactory {
  return (argument) => {
    const formatTime = compileTimeFormat(argument ?? '');
    if (formatTime === undefined) return `unknown conversion in the time format "${argument ?? ''}"`;
    return ({ streamInfo }) => {
      const found = read(streamInfo);
      return found === undefined ? undefined : formatTime(found[edge].getTime());
    };
  };
}

const hostSources: Readonly<Record<string, readonly string[]>> = {
  ORIG: ['x-envoy-original-host'],
  HOST: [':authority'],
  ORIG_OR_HOST: ['x-envoy-original-host', ':authority'],
};

/** SNI, or the host of the request: instead of it (`SNI_FIRST`) or before it (`HOST_FIRST`). */
function requestedServerName(argument: string | undefined) {
  const [order = '', source = 'ORIG_OR_HOST', ...rest] = (argument ?? '').split(':');
  const fields = hostSources[source];
  if (!['', 'SNI_ONLY', 'SNI_FIRST', 'HOST_FIRST'].includes(order) || rest.length > 0) {
    return 'takes SNI_ONLY, SNI_FIRST or HOST_FIRST';
  }
  if (fields === undefined) return 'takes ORIG, HOST or ORIG_OR_HOST behind the colon';
  const hostOf = ({ requestHeaders }: FormatContext): string | undefined => {
    for (const name of fields) {
      const value = requestHeaders?.get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const sniOf = ({ streamInfo }: FormatContext): string | undefined =>
    streamInfo.downstreamTls?.serverName || streamInfo.connectionInfo?.requestedServerName || undefined;
  if (order === 'HOST_FIRST') return (context: FormatContext) => hostOf(context) ?? sniOf(context);
  if (order === 'SNI_FIRST') return (context: FormatContext) => sniOf(context) ?? hostOf(context);
  return sniOf;
}

export const tlsOperators: OperatorTable = {
  REQUESTED_SERVER_NAME: requestedServerName,
  DOWNSTREAM_TLS_VERSION: fact(downstream, 'version'),
  DOWNSTREAM_TLS_CIPHER: fact(downstream, 'cipher'),
  DOWNSTREAM_TLS_SESSION_ID: fact(downstream, 'sessionId'),
  DOWNSTREAM_PEER_SUBJECT: certificate(downstreamPeer, ({ subject }) => toDistinguishedName(subject)),
  DOWNSTREAM_PEER_ISSUER: certificate(downstreamPeer, (found) => toDistinguishedName(found.issuer)),
  DOWNSTREAM_PEER_SERIAL: certificate(downstreamPeer, toSerial),
  DOWNSTREAM_PEER_FINGERPRINT_1: certificate(downstreamPeer, (found) => toFingerprint(found.fingerprint)),
  DOWNSTREAM_PEER_FINGERPRINT_256: certificate(downstreamPeer, (found) =>
    toFingerprint(found.fingerprint256),
  ),
  DOWNSTREAM_PEER_ISSUER_SERIAL: certificate(downstreamPeerIssuer, toSerial),
  DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256: certificate(downstreamPeerIssuer, (found) =>
    toFingerprint(found.fingerprint256),
  ),
  DOWNSTREAM_PEER_DNS_SAN: names(downstreamPeer, 'dns'),
  DOWNSTREAM_PEER_IP_SAN: names(downstreamPeer, 'ip'),
  DOWNSTREAM_PEER_URI_SAN: names(downstreamPeer, 'uri'),
  DOWNSTREAM_PEER_EMAIL_SAN: names(downstreamPeer, 'email'),
  DOWNSTREAM_PEER_OTHERNAME_SAN: names(downstreamPeer, 'other-name'),
  DOWNSTREAM_PEER_CERT: certificate(downstreamPeer, toEscapedPem),
  DOWNSTREAM_PEER_CERT_V_START: validity(downstreamPeer, 'validFromDate'),
  DOWNSTREAM_PEER_CERT_V_END: validity(downstreamPeer, 'validToDate'),
  DOWNSTREAM_LOCAL_SUBJECT: certificate(downstreamLocal, ({ subject }) => toDistinguishedName(subject)),
  DOWNSTREAM_LOCAL_DNS_SAN: names(downstreamLocal, 'dns'),
  DOWNSTREAM_LOCAL_IP_SAN: names(downstreamLocal, 'ip'),
  DOWNSTREAM_LOCAL_URI_SAN: names(downstreamLocal, 'uri'),
  DOWNSTREAM_LOCAL_EMAIL_SAN: names(downstreamLocal, 'email'),
  DOWNSTREAM_LOCAL_OTHERNAME_SAN: names(downstreamLocal, 'other-name'),
  UPSTREAM_SERVER_NAME: fact(upstream, 'serverName'),
  UPSTREAM_TLS_VERSION: fact(upstream, 'version'),
  UPSTREAM_TLS_CIPHER: fact(upstream, 'cipher'),
  UPSTREAM_TLS_GROUP: fact(upstream, 'group'),
  UPSTREAM_TLS_SESSION_ID: fact(upstream, 'sessionId'),
  UPSTREAM_PEER_SUBJECT: certificate(upstreamPeer, ({ subject }) => toDistinguishedName(subject)),
  UPSTREAM_PEER_ISSUER: certificate(upstreamPeer, (found) => toDistinguishedName(found.issuer)),
  UPSTREAM_PEER_CERT: certificate(upstreamPeer, toEscapedPem),
  UPSTREAM_PEER_CERT_V_START: validity(upstreamPeer, 'validFromDate'),
  UPSTREAM_PEER_CERT_V_END: validity(upstreamPeer, 'validToDate'),
  UPSTREAM_PEER_DNS_SAN: names(upstreamPeer, 'dns'),
  UPSTREAM_PEER_IP_SAN: names(upstreamPeer, 'ip'),
  UPSTREAM_PEER_URI_SAN: names(upstreamPeer, 'uri'),
  UPSTREAM_LOCAL_DNS_SAN: names(upstreamLocal, 'dns'),
  UPSTREAM_LOCAL_IP_SAN: names(upstreamLocal, 'ip'),
  UPSTREAM_LOCAL_URI_SAN: names(upstreamLocal, 'uri'),
};
