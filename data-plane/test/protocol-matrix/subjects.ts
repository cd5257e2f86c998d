import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startProcess } from '@heddle/shared/processes/managed-process';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { planeNodeOptions } from '@heddle/shared/processes/plane-node-options';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import { systemClock } from '@heddle/shared/time/clock';
import { buildBootstrap, type UpstreamAddress } from './bootstrap.ts';

const envoy = usePeer('envoy');
const program = path.join(import.meta.dirname, '../../src/main.ts');

/** Whom the matrix is run against: us, and Envoy with the same file, which shows that what is expected is right. */
export const subjects = [
  {
    name: 'heddle',
    skip: false,
    command: ['node', ...planeNodeOptions['data-plane'], program],
    passesEarlyHints: true,
  },
  {
    name: 'envoy',
    skip: envoy.skip,
    command: [envoy.path, '--disable-hot-restart', '-l', 'warn'],
    /** It must (RFC 9110, section 15.2), and does not. */
    passesEarlyHints: false,
  },
] as const;

export interface RunningProxy {
  readonly port: number;
  readonly securePort: number;
  /** 0 when there is no such statistic. */
  stat(name: string): Promise<number>;
  stop(): Promise<void>;
}

export async function startSubject(
  { name, command }: (typeof subjects)[number],
  upstreams: readonly UpstreamAddress[],
): Promise<RunningProxy> {
  const [port = 0, securePort = 0, adminPort = 0] = await findFreePorts(3);
  const folder = mkdtempSync(path.join(tmpdir(), 'protocol-matrix-'));
  const file = path.join(folder, 'bootstrap.json');
  writeFileSync(file, JSON.stringify(buildBootstrap({ port, securePort, adminPort, upstreams })));
  const logFile = path.join(folder, 'log');
  const process = startProcess(
    { name, command: [...command, '-c', file, '--concurrency', '1'], logFile },
    systemClock,
  );
  const admin = `http://127.0.0.1:${adminPort}`;
  await waitUntil(
    `${name} is ready (${logFile})`,
    async () =>
      process.exit !== undefined || (await fetch(`${admin}/ready`).catch(() => undefined))?.status === 200,
    { clock: systemClock, deadlineMs: 20_000, intervalMs: 20 },
  );
  if (process.exit !== undefined) throw new Error(`${name} ended: see ${logFile}`);
  return {
    port,
    securePort,
    async stat(statName) {
      const text = await (await fetch(`${admin}/stats?filter=^${statName}$`)).text();
      return Number(text.split(': ')[1] ?? 0);
    },
    async stop() {
      await process.stop(5000);
      rmSync(folder, { recursive: true });
    },
  };
}
