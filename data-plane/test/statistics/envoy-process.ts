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

/** A real Envoy that runs, or has ended. */
export interface EnvoyProgram {
  /** Waits for it; rejects with what Envoy wrote if that ends before. */
  until(condition: () => Promise<boolean>): Promise<void>;
  /** At once. Idempotent. */
  stop(): Promise<void>;
}

/** Runs a real Envoy with one worker. The bootstrap comes in a file: one argument of a program takes 128 kB at most. */
export function runEnvoy(path: string, bootstrap: Json, argv: readonly string[] = []): EnvoyProgram {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-envoy-'));
  const file = join(folder, 'bootstrap.json');
  writeFileSync(file, JSON.stringify(bootstrap));
  const envoy = spawn(
    path,
    [
      ...['--config-path', file, '--concurrency', '1', '-l', 'error'],
      ...['--use-dynamic-base-id', '--file-flush-interval-msec', '20', ...argv],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const closed = once(envoy, 'close');
  let log = '';
  envoy.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  return {
    async until(condition) {
      while (!(await condition())) {
        if (envoy.exitCode !== null) throw new Error(`Envoy ended:\n${log}`);
        await sleep(systemClock, 20);
      }
    },
    async stop() {
      envoy.kill('SIGKILL');
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The same with an admin interface, whose port is what a test needs of it. Not ready yet. */
export async function runEnvoyWithAdmin(
  path: string,
  bootstrap: Json,
  argv: readonly string[] = [],
): Promise<EnvoyProgram & { readonly adminPort: number }> {
  const { port: adminPort } = await probeAddress({ address: '127.0.0.1', port: 0 });
  const whole = {
    node: { id: 'n', cluster: 'c' },
    admin: { address: socketAddress(adminPort) },
    ...bootstrap,
  };
  return { adminPort, ...runEnvoy(path, whole, argv) };
}

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
  const { adminPort, until, stop } = await runEnvoyWithAdmin(path, { static_resources: resources });
  t.after(stop);
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
