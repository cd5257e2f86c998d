import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { findPeer } from '@heddle/shared/testing/peers';
import {
  benchHost,
  isClearText,
  keptUpstreamConnections,
  maxConnections,
  maxStreams,
  unusedAddresses,
  unusedPort,
  type Proxy,
  type ProxySetup,
} from './proxy.ts';

export function createNginx(): Proxy {
  const program = findPeer('nginx');
  return {
    name: 'nginx',
    program,
    hasAdmin: false,
    speaks: (protocols) =>
      protocols.downstream !== 'auto' &&
      protocols.downstream !== 'tcp' &&
      protocols.upstream !== 'http2' &&
      isClearText(protocols),
    prepare(folder, setup) {
      const file = path.join(folder, 'nginx-proxy.conf');
      writeFileSync(file, `${nginxHead(folder, 'nginx-proxy')}\n${buildConfig(folder, setup)}`);
      return [program ?? 'nginx', '-c', file];
    },
  };
}

/** Bodies are passed on as they come, as the others do it, not gathered first. */
function buildConfig(folder: string, { port, upstreamPort, unusedClusters, protocols }: ProxySetup): string {
  const unused = Array.from(
    { length: unusedClusters },
    (_, cluster) =>
      `  upstream unused-${cluster} { ${unusedAddresses(cluster)
        .map((address) => `server ${address}:${unusedPort};`)
        .join(' ')} }`,
  );
  return `http {
  access_log off;
  client_body_temp_path ${folder}/nginx-body;
  proxy_temp_path ${folder}/nginx-proxied;
  client_max_body_size 0;
  keepalive_timeout 300s;
  upstream up { server 127.0.0.1:${upstreamPort}; keepalive ${keptUpstreamConnections}; keepalive_requests 1000000000; }
${unused.join('\n')}
  server {
    listen 127.0.0.1:${port} backlog=4096${protocols.downstream === 'http2' ? ' http2' : ''};
    http2_max_concurrent_streams ${maxStreams};
    server_name ${benchHost};
    keepalive_requests 1000000000;
    location / {
      ${(protocols.upstream === 'grpc' ? toGrpc : toHttp1).join('\n      ')}
    }
  }
}
`;
}

const toHttp1 = [
  'proxy_http_version 1.1;',
  'proxy_request_buffering off;',
  'proxy_max_temp_file_size 0;',
  'proxy_set_header Connection "";',
  'proxy_set_header Host $host;',
  'proxy_pass http://up;',
];
const toGrpc = ['grpc_set_header Host $host;', 'grpc_pass grpc://up;'];

export function nginxHead(folder: string, name: string): string {
  return `daemon off;
master_process off;
worker_processes 1;
pid ${folder}/${name}.pid;
error_log ${folder}/${name}.log warn;
events { worker_connections ${maxConnections}; }`;
}
