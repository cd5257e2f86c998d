import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { findPeer } from '@heddle/shared/testing/peers';
import {
  benchCipher,
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
function buildConfig({ port, upstreamPort, unusedClusters, protocols, certificates }: ProxySetup): string {
  const unused = Array.from({ length: unusedClusters }, (_, cluster) =>
    [
      `backend unused-${cluster}`,
      ...unusedAddresses(cluster).map((address, index) => `  server s${index} ${address}:${unusedPort}`),
    ].join('\n'),
  );
  const { server, client, authority } = certificates;
  const isTcp = protocols.downstream === 'tcp';
  const withClients =
    protocols.downstreamTls === undefined
      ? ''
      : ` ssl crt ${server}${protocols.downstreamTls === 'mutual' ? ` ca-file ${authority} verify required` : ''}`;
  const withUpstream =
    protocols.upstreamTls === undefined
      ? ''
      : ` ssl crt ${client} ca-file ${authority} verify required sni str(${benchHost}) verifyhost ${benchHost}`;
  const toUpstream = ['http1', 'tcp'].includes(protocols.upstream) ? '' : ' proto h2';
  return `global
  nbthread 1
  no strict-limits
  maxconn ${maxConnections}
  tune.h2.max-concurrent-streams ${maxStreams}
  ssl-default-bind-ciphersuites ${benchCipher}
  ssl-default-server-ciphersuites ${benchCipher}
defaults
  mode ${isTcp ? 'tcp' : 'http'}
  timeout connect 1s
  timeout client 300s
  timeout server 300s
${isTcp ? '' : httpOptions}
frontend bench
  bind 127.0.0.1:${port} backlog 4096${protocols.downstream === 'http2' ? ' proto h2' : ''}${withClients}
${isTcp ? '  default_backend upstream' : toBenchHost}
backend upstream
${isTcp ? '' : '  option forwardfor'}
  server one 127.0.0.1:${upstreamPort}${isTcp ? '' : ` pool-max-conn ${keptUpstreamConnections}`}${toUpstream}${withUpstream}
${unused.join('\n')}
`;
}

const httpOptions = `  option http-keep-alive
  http-reuse always`;
const toBenchHost = `  acl is_bench hdr(host) -i ${benchHost}
  use_backend upstream if is_bench`;
