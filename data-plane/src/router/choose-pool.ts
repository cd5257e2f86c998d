import { isIP } from 'node:net';
import type { HttpProtocol } from '../codec/codec.ts';
import type { HeaderMap } from '../codec/header-map.ts';
import type { ForwardAction } from '../config/model/route.ts';
import type { StreamInfo } from '../downstream/http/stream-info.ts';
import type { HostSelection } from './host-selection.ts';
import type { TransportSocketOptions } from '../transport/transport-socket-options.ts';
import type { Host, HttpConnectionPool, ThreadLocalCluster } from '../upstream/upstream.ts';

/** The client, where the cluster tells of it, and what `namesOf` takes from the request. */
export function socketOptionsOf(
  { info }: ThreadLocalCluster,
  headers: HeaderMap,
  streamInfo: StreamInfo,
): TransportSocketOptions | undefined {
  const names = namesOf(info, headers);
  if (info.proxyProtocol === undefined) return names;
  const { downstreamOrigin: origin, downstreamDirectAddress, downstreamLocalAddress } = streamInfo;
  const addresses = origin?.proxyAddresses ?? {
    source: downstreamDirectAddress,
    destination: downstreamLocalAddress,
  };
  // What is not sent separates nobody.
  const tlvs = info.proxyProtocol.version === 1 ? [] : (origin?.proxyTlvs ?? []);
  const proxied = { addresses, tlvs };
  return { serverName: '', subjectAltName: '', ...names, proxied };
}

/**
 * Names that a cluster takes from the request (`auto_sni`, `auto_san_validation`): of its host as it is before an
 * `auto_host_rewrite`. An address is never named, but can be asked for.
 */
function namesOf(info: ThreadLocalCluster['info'], headers: HeaderMap): TransportSocketOptions | undefined {
  const names = info.http.automaticNames;
  if (names === undefined) return undefined;
  const overriding = names.headerName === '' ? undefined : headers.get(names.headerName);
  const host = hostOfAuthority(overriding || (headers.get(':authority') ?? ''));
  if (host === '') return undefined;
  const serverName = names.sni && isIP(host) === 0 ? host : '';
  const subjectAltName = names.sanValidation ? host : '';
  return serverName === '' && subjectAltName === '' ? undefined : { serverName, subjectAltName };
}

/** Without port and brackets. */
function hostOfAuthority(authority: string): string {
  if (authority.startsWith('[')) return authority.slice(1, Math.max(1, authority.indexOf(']')));
  const colon = authority.lastIndexOf(':');
  return colon < 0 ? authority : authority.slice(0, colon);
}

/** HTTP, or bare TCP for a CONNECT that ends here: what the client sends then goes to the host as it is. */
export function choosePool(
  cluster: ThreadLocalCluster,
  host: Host,
  { priority, connectTermination }: ForwardAction,
  headers: HeaderMap,
  downstreamProtocol: HttpProtocol = 'HTTP/1.1',
  { socketOptions: options }: HostSelection,
): HttpConnectionPool {
  if (connectTermination === undefined) {
    return cluster.httpPool(host, priority, downstreamProtocol, options);
  }
  const method = headers.get(':method');
  const endsHere = method === 'CONNECT' || (method === 'POST' && connectTermination.allowsPost);
  return endsHere
    ? cluster.tcpPool(host, priority, options)
    : cluster.httpPool(host, priority, downstreamProtocol, options);
}
