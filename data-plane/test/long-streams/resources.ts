import {
  assignment,
  cluster,
  edsCluster,
  endpoint,
  http2Options,
  httpHealthCheck,
  listener,
  manager,
  routeConfig,
  socketAddress,
  type Json,
} from '../statistics/bootstrap-parts.ts';

/** Clusters that streams go to; the route of each is its name. */
export const services = ['steady', 'replaced', 'leaving', 'failing', 'removed'] as const;

export interface Ports {
  /** Of the server of the streams. */
  readonly server: number;
  /** Where the health of `failing` is told. */
  readonly health: number;
}

const http2 = http2Options({});

/** Checks at once and often; the server of health speaks HTTP/1.1. */
const healthCheck = httpHealthCheck('/');

/** Hosts of `steady` and `leaving` come by EDS; those of the others stand in their cluster. */
export function clusters({ server, health }: Ports): Record<string, Json> {
  const checked = {
    load_assignment: assignment('failing', [
      { endpoint: { address: socketAddress(server), health_check_config: { port_value: health } } },
    ]),
    ...healthCheck,
  };
  return {
    steady: edsCluster('steady', http2),
    leaving: edsCluster('leaving', http2),
    replaced: cluster('replaced', [server], http2),
    removed: cluster('removed', [server], http2),
    failing: cluster('failing', [server], { ...http2, ...checked }),
    other: cluster('other', [server], http2),
  };
}

export function replacement(name: string, { server }: Ports): Json {
  return cluster(name, [server], { ...http2, connect_timeout: '1s' });
}

export function hosts(name: string, ports: readonly number[]): Record<string, Json> {
  const endpoints = ports.map((port) => endpoint(port));
  return { [name]: assignment(name, endpoints) };
}

/** `more`: routes in front of those of the services; `without`: services that have none. */
export function table(more: readonly Json[] = [], without: readonly string[] = []): Record<string, Json> {
  const routed = services.filter((name) => !without.includes(name));
  const routes = routed.map((name) => ({
    match: { prefix: `/${name}/` },
    route: { cluster: name, timeout: '0s' },
  }));
  return { table: routeConfig('table', [...more, ...routes]) };
}

/** A listener of that name on a port; `fields` of the connection manager. */
export function entrance(name: string, port: number, fields: Json = {}, listenerFields: Json = {}): Json {
  return listener(name, manager(name, 'table', { stream_idle_timeout: '0s', ...fields }), {
    address: socketAddress(port),
    ...listenerFields,
  });
}
