import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { findPeer } from '@heddle/shared/testing/peers';
import {
  benchHost,
  keptUpstreamConnections,
  maxConnections,
  maxStreams,
  unusedAddresses,
  unusedPort,
  type Proxy,
  type ProxySetup,
} from './proxy.ts';

export function createHaproxy(): Proxy {
  const program = findPeer('haproxy');
  return {
    name: 'haproxy',
    program,
    hasAdmin: false,
    speaks: ({ downstream }) => downstream !== 'auto',
    prepare(folder, setup) {
      const file = path.join(folder, 'haproxy.cfg');
      writeFileSync(file, buildConfig(setup));
      return [program ?? 'haproxy', '-db', '-f', file];
    },
  };
}

/** `no strict-limits`: a machine that allows fewer open files than two for each connection is no reason not to start. */
function buildConfig({ port, upstreamPort, unusedClusters, protocols }: ProxySetup): string {
  const unused = Array.from({ length: unusedClusters }, (_, cluster) =>
    [
      `backend unused-${cluster}`,
      ...unusedAddresses(cluster).map((address, index) => `  server s${index} ${address}:${unusedPort}`),
    ].join('\n'),
  );
  return `global
  nbthread 1
  no strict-limits
  maxconn ${maxConnections}
  tune.h2.max-concurrent-streams ${maxStreams}
defaults
  mode http
  timeout connect 1s
  timeout client 300s
  timeout server 300s
  option http-keep-alive
  http-reuse always
frontend bench
  bind 127.0.0.1:${port} backlog 4096${protocols.downstream === 'http2' ? ' proto h2' : ''}
  acl is_bench hdr(host) -i ${benchHost}
  use_backend upstream if is_bench
backend upstream
  option forwardfor
  server one 127.0.0.1:${upstreamPort} pool-max-conn ${keptUpstreamConnections}${protocols.upstream === 'http1' ? '' : ' proto h2'}
${unused.join('\n')}
`;
}
