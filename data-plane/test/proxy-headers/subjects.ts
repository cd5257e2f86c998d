import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { probeAddress } from '../../src/probe-address.ts';
import { startEnvoyProcess } from '../statistics/envoy-process.ts';
import { listener, manager, proxyProtocolFilter, type Json } from '../statistics/bootstrap-parts.ts';
import { isAccepting, startSidecarProcess } from '../statistics/sidecar-process.ts';

/** Who reads headers: a port that answers a request with the addresses that it sees. */
export interface Subject {
  readonly name: 'Heddle' | 'Envoy' | 'HAProxy';
  readonly port: number;
}

/** A header that does not end shall not take the test's time. */
const patience = '0.4s';

function readingListener(): Json {
  const told = '%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS%';
  const route = {
    match: { prefix: '/' },
    direct_response: { status: 200 },
    response_headers_to_add: [{ header: { key: 'told', value: told } }],
  };
  return listener('reader', manager('reader', [route]), {
    listener_filters: [proxyProtocolFilter()],
    listener_filters_timeout: patience,
  });
}

export async function startHeddle(t: TestContext): Promise<Subject> {
  const sidecar = await startSidecarProcess(
    { static_resources: { listeners: [readingListener()] } },
    { argv: ['--concurrency', '1'] },
  );
  t.after(() => sidecar.stop());
  return { name: 'Heddle', port: await sidecar.portOf('reader') };
}

export async function startEnvoy(t: TestContext, path: string): Promise<Subject> {
  const envoy = await startEnvoyProcess(t, path, { listeners: [readingListener()] });
  return { name: 'Envoy', port: envoy.portOf('reader') };
}

export async function startHaproxy(t: TestContext, path: string): Promise<Subject> {
  const { port } = await probeAddress({ address: '127.0.0.1', port: 0 });
  await runHaproxy(
    t,
    path,
    port,
    `frontend reader
  bind 127.0.0.1:${port} accept-proxy
  http-request return status 200 hdr told "%[src]|%[src_port] %[dst]|%[dst_port]"
`,
  );
  return { name: 'HAProxy', port };
}

/** With these sections, until the test ends; accepts on `port` when this returns. */
export async function runHaproxy(
  t: TestContext,
  path: string,
  port: number,
  sections: string,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  const defaults = `defaults
  mode http
  timeout connect 5s
  timeout client 400ms
  timeout server 5s
`;
  writeFileSync(file, defaults + sections);
  const haproxy = spawn(path, ['-f', file, '-db'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  haproxy.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  t.after(async () => {
    rmSync(folder, { recursive: true, force: true });
    if (haproxy.exitCode !== null) return;
    haproxy.kill('SIGKILL');
    await once(haproxy, 'close');
  });
  while (!(await isAccepting(port))) {
    if (haproxy.exitCode !== null) throw new Error(`HAProxy ended:\n${log}`);
    await sleep(systemClock, 20);
  }
}
