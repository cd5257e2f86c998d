import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { findPeer } from '@heddle/shared/testing/peers';
import { buildBootstrap } from './envoy-bootstrap.ts';
import type { Proxy, ProxyPorts } from './proxy.ts';

const dataPlane = path.resolve(import.meta.dirname, '../../../data-plane/src/main.ts');

function writeBootstrap(folder: string, name: string, ports: ProxyPorts): string {
  const file = path.join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(buildBootstrap(ports)));
  return file;
}

export interface HeddleOptions {
  /** Folder for a CPU profile; none without. */
  readonly profileFolder?: string;
}

export function createHeddle({ profileFolder }: HeddleOptions): Proxy {
  const profile = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  return {
    name: 'heddle',
    program: process.execPath,
    prepare(folder, ports) {
      const file = writeBootstrap(folder, 'heddle', ports);
      return [process.execPath, ...profile, dataPlane, '-c', file, '--concurrency', '1', '-l', 'warn'];
    },
  };
}

export function createEnvoy(): Proxy {
  const program = findPeer('envoy');
  return {
    name: 'envoy',
    program,
    prepare(folder, ports) {
      const file = writeBootstrap(folder, 'envoy', ports);
      return [program ?? 'envoy', '-c', file, '--concurrency', '1', '-l', 'off', '--disable-hot-restart'];
    },
  };
}

export function createHaproxy(): Proxy {
  const program = findPeer('haproxy');
  return {
    name: 'haproxy',
    program,
    prepare(folder, { port, upstreamPort }) {
      const file = path.join(folder, 'haproxy.cfg');
      writeFileSync(
        file,
        `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  option http-keep-alive
  http-reuse always
frontend bench
  bind 127.0.0.1:${port}
  acl is_bench hdr(host) -i bench.test
  use_backend upstream if is_bench
backend upstream
  option forwardfor
  server one 127.0.0.1:${upstreamPort} pool-max-conn 128
`,
      );
      return [program ?? 'haproxy', '-db', '-f', file];
    },
  };
}

export function createNginx(): Proxy {
  const program = findPeer('nginx');
  return {
    name: 'nginx',
    program,
    prepare(folder, { port, upstreamPort }) {
      const file = path.join(folder, 'nginx-proxy.conf');
      writeFileSync(
        file,
        `${nginxHead(folder, 'nginx-proxy')}
http {
  access_log off;
  upstream up { server 127.0.0.1:${upstreamPort}; keepalive 128; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    server_name bench.test;
    keepalive_requests 1000000000;
    location / {
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_pass http://up;
    }
  }
}
`,
      );
      return [program ?? 'nginx', '-c', file];
    },
  };
}

/** The upstream of every run: nginx with a small answer from memory. */
export function createUpstream(): Proxy {
  const program = findPeer('nginx');
  return {
    name: 'upstream',
    program,
    prepare(folder, { port }) {
      const file = path.join(folder, 'nginx-upstream.conf');
      writeFileSync(
        file,
        `${nginxHead(folder, 'nginx-upstream')}
http {
  access_log off;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    keepalive_requests 1000000000;
    location / { default_type text/plain; return 200 "hello from the upstream\\n"; }
  }
}
`,
      );
      return [program ?? 'nginx', '-c', file];
    },
  };
}

function nginxHead(folder: string, name: string): string {
  return `daemon off;
master_process off;
worker_processes 1;
pid ${folder}/${name}.pid;
error_log ${folder}/${name}.log warn;
events { worker_connections 4096; }`;
}
