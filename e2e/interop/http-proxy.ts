import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { createAdmin, type Admin } from '../harness/admin.ts';
import { answersOk, type Harness } from '../harness/harness.ts';
import { concurrency } from '../harness/parts.ts';
import { subjectCommand } from '../harness/subject.ts';

export interface HttpProxy {
  readonly port: number;
  readonly admin: Admin;
}

export interface HttpProxyOptions {
  readonly id: string;
  readonly upstreamPort: number;
  /** HTTP/2 unless given. */
  readonly upstreamProtocol?: 'http1' | 'http2';
}

/** A sidecar that takes HTTP/1.1 and HTTP/2 on one port to one upstream. */
export async function startHttpProxy(harness: Harness, options: HttpProxyOptions): Promise<HttpProxy> {
  const [port = 0, adminPort = 0] = await findFreePorts(2);
  const admin = createAdmin(adminPort);
  const file = path.join(harness.folder, `${options.id}.json`);
  mkdirSync(harness.folder, { recursive: true });
  writeFileSync(file, JSON.stringify(buildBootstrap(options, port, adminPort), null, 2));
  await harness.start({ name: options.id, command: subjectCommand(file, concurrency) }, () =>
    answersOk(adminPort, '/ready'),
  );
  return { port, admin };
}

const type = (name: string): string => `type.googleapis.com/envoy.extensions.${name}`;

function buildBootstrap(
  { id, upstreamPort, upstreamProtocol = 'http2' }: HttpProxyOptions,
  port: number,
  adminPort: number,
): unknown {
  const manager = {
    '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'interop',
    codec_type: 'AUTO',
    route_config: {
      name: 'interop',
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream', timeout: '0s' } }],
        },
      ],
    },
    http_filters: [{ name: 'router', typed_config: { '@type': type('filters.http.router.v3.Router') } }],
  };
  const isHttp2 = upstreamProtocol === 'http2';
  return {
    node: { id, cluster: 'interop' },
    admin: { address: socketAddress(adminPort) },
    static_resources: {
      listeners: [
        {
          name: 'interop',
          address: socketAddress(port),
          filter_chains: [{ filters: [{ name: 'manager', typed_config: manager }] }],
        },
      ],
      clusters: [
        {
          name: 'upstream',
          type: 'STATIC',
          connect_timeout: '1s',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': type('upstreams.http.v3.HttpProtocolOptions'),
              explicit_http_config: isHttp2 ? { http2_protocol_options: {} } : { http_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: 'upstream',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(upstreamPort) } }] }],
          },
        },
      ],
    },
  };
}

function socketAddress(port: number): unknown {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
