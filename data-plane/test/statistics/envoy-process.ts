import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { probeAddress } from '../../src/probe-address.ts';
import { askAdmin } from './ask-admin.ts';
import { socketAddress, type Json } from './bootstrap-parts.ts';
import { isAccepting } from './sidecar-process.ts';

export interface EnvoyProcess {
  readonly adminPort: number;
  /** Where a listener accepts. */
  portOf(listener: string): number;
}

/** A real Envoy with one worker, until the test ends. Its listeners may ask for any port. */
export async function startEnvoyProcess(
  t: TestContext,
  path: string,
  resources: Json,
): Promise<EnvoyProcess> {
  const { port: adminPort } = await probeAddress({ address: '127.0.0.1', port: 0 });
  const bootstrap = {
    node: { id: 'n', cluster: 'c' },
    admin: { address: socketAddress(adminPort) },
    static_resources: resources,
  };
  const folder = mkdtempSync(join(tmpdir(), 'heddle-envoy-'));
  const file = join(folder, 'bootstrap.json');
  writeFileSync(file, JSON.stringify(bootstrap));
  const envoy = spawn(
    path,
    [...['--config-path', file, '--concurrency', '1', '-l', 'error'], '--use-dynamic-base-id'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  envoy.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  t.after(async () => {
    rmSync(folder, { recursive: true, force: true });
    if (envoy.exitCode !== null) return;
    envoy.kill('SIGKILL');
    await once(envoy, 'close');
  });
  const until = async (condition: () => Promise<boolean>): Promise<void> => {
    while (!(await condition())) {
      if (envoy.exitCode !== null) throw new Error(`Envoy ended:\n${log}`);
      await sleep(systemClock, 20);
    }
  };
  await until(() => isAccepting(adminPort));
  await until(async () => (await askAdmin(adminPort, '/ready').catch(() => '')).startsWith('LIVE'));
  const text = await askAdmin(adminPort, '/listeners?format=json');
  const { listener_statuses: statuses = [] } = JSON.parse(text) as ListenerStatuses;
  const ports = new Map(
    statuses.map(({ name, local_address: address }) => [name, address.socket_address.port_value]),
  );
  return {
    adminPort,
    portOf(listener) {
      const port = ports.get(listener);
      if (port === undefined) throw new Error(`Envoy has no listener ${listener}`);
      return port;
    },
  };
}

interface ListenerStatuses {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address: { readonly port_value: number } };
  }[];
}
