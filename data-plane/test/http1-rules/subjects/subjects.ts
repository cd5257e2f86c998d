import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { findPeer } from '@heddle/shared/testing/peers';
import type { LanePorts } from '../socket-lane.ts';
import { buildBootstrap } from './envoy-bootstrap.ts';
import type { Subject } from './subject.ts';

const dataPlane = path.resolve(import.meta.dirname, '../../..');

/** The sidecar as it is run, with Envoy's own file. */
const heddle: Subject = {
  name: 'Heddle',
  program: process.execPath,
  prepare(folder, lanes) {
    const file = path.join(folder, 'heddle.json');
    writeFileSync(file, JSON.stringify(buildBootstrap(lanes)));
    return [
      process.execPath,
      path.join(dataPlane, 'src/main.ts'),
      '-c',
      file,
      '--concurrency',
      '1',
      '-l',
      'error',
    ];
  },
};

const envoy: Subject = {
  name: 'Envoy',
  program: findPeer('envoy'),
  prepare(folder, lanes) {
    const file = path.join(folder, 'envoy.json');
    writeFileSync(file, JSON.stringify(buildBootstrap(lanes)));
    return [this.program ?? '', '-c', file, '--concurrency', '1', '-l', 'off', '--use-dynamic-base-id'];
  },
};

const haproxy: Subject = {
  name: 'HAProxy',
  program: findPeer('haproxy'),
  prepare(folder, lanes) {
    const file = path.join(folder, 'haproxy.cfg');
    writeFileSync(file, haproxyConfig(lanes));
    return [this.program ?? '', '-db', '-f', file];
  },
};

const nginx: Subject = {
  name: 'nginx',
  program: findPeer('nginx'),
  prepare(folder, lanes) {
    const file = path.join(folder, 'nginx.conf');
    writeFileSync(file, nginxConfig(folder, lanes));
    return [this.program ?? '', '-e', path.join(folder, 'nginx.log'), '-c', file];
  },
};

const node: Subject = {
  name: 'node:http',
  program: process.execPath,
  prepare: (_folder, lanes) => [
    process.execPath,
    path.join(import.meta.dirname, 'node-http-proxy.ts'),
    JSON.stringify(lanes),
  ],
};

export const heddleSubject = heddle;
/** In the order of the table's columns. */
export const subjects: readonly Subject[] = [heddle, node, envoy, haproxy, nginx];

function haproxyConfig(lanes: readonly LanePorts[]): string {
  const sections = lanes.map(
    ({ port, http10Port, upstreamPort }, lane) => `frontend lane-${lane}
  bind 127.0.0.1:${port}
  bind 127.0.0.1:${http10Port}
  http-request add-header via "1.1 proxy"
  default_backend lane-${lane}
backend lane-${lane}
  server one 127.0.0.1:${upstreamPort}`,
  );
  return `global
  nbthread 1
  no strict-limits
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option http-keep-alive
${sections.join('\n')}
`;
}

/** As everybody writes it for WebSocket; request bodies go on as they come, as the others do it. */
function nginxConfig(folder: string, lanes: readonly LanePorts[]): string {
  const sections = lanes.map(
    (
      { port, http10Port, upstreamPort },
      lane,
    ) => `  upstream lane-${lane} { server 127.0.0.1:${upstreamPort}; keepalive 8; }
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${http10Port};
    location / {
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header Via $via;
      proxy_pass http://lane-${lane};
    }
  }`,
  );
  return `daemon off;
master_process off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log crit;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/nginx-body;
  proxy_temp_path ${folder}/nginx-proxied;
  fastcgi_temp_path ${folder}/nginx-fastcgi;
  uwsgi_temp_path ${folder}/nginx-uwsgi;
  scgi_temp_path ${folder}/nginx-scgi;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  map $http_via $via { default "$http_via, 1.1 proxy"; '' "1.1 proxy"; }
${sections.join('\n')}
}
`;
}
