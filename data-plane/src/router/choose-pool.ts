import type { HttpProtocol } from '../codec/codec.ts';
import type { HeaderMap } from '../codec/header-map.ts';
import type { ForwardAction } from '../config/model/route.ts';
import type { Host, HttpConnectionPool, ThreadLocalCluster } from '../upstream/upstream.ts';

/** HTTP, or bare TCP for a CONNECT that ends here: what the client sends then goes to the host as it is. */
export function choosePool(
  cluster: ThreadLocalCluster,
  host: Host,
  { priority, connectTermination }: ForwardAction,
  headers: HeaderMap,
  downstreamProtocol: HttpProtocol,
): HttpConnectionPool {
  if (connectTermination === undefined) return cluster.httpPool(host, priority, downstreamProtocol);
  const method = headers.get(':method');
  const endsHere = method === 'CONNECT' || (method === 'POST' && connectTermination.allowsPost);
  return endsHere ? cluster.tcpPool(host, priority) : cluster.httpPool(host, priority, downstreamProtocol);
}
