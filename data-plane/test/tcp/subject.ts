import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { planeNodeOptions } from '@heddle/shared/processes/plane-node-options';
import { startProcess } from '@heddle/shared/processes/managed-process';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import { systemClock } from '@heddle/shared/time/clock';
import { socketAddress, type Json } from '../statistics/bootstrap-parts.ts';

const envoy = usePeer('envoy');
const program = path.join(import.meta.dirname, '../../src/main.ts');

const envoyArguments = ['--disable-hot-restart', '-l', 'warn', '--file-flush-interval-msec', '20'];

/** Whom everything is run against: us, and Envoy with the same file, which shows that what is expected is right. */
export const subjects = [
  { name: 'heddle', skip: false, command: ['node', ...planeNodeOptions['data-plane'], program] },
  { name: 'envoy', skip: envoy.skip, command: [envoy.path, ...envoyArguments] },
] as const;

export type Subject = (typeof subjects)[number];

export interface RunningSubject {
  portOf(listener: string): number;
  /** 0 when there is no such statistic. */
  stat(name: string): Promise<number>;
  /** Waits until the statistic has the value. */
  untilStat(name: string, value: number): Promise<void>;
  /** Waits for so many lines of the access log, and takes them. */
  logLines(count: number): Promise<string[]>;
  stop(): Promise<void>;
}

const mostListeners = 8;

/** `filters` of one listener each, and clusters. `logPath` is where an access log goes that is to be read. */
export async function startSubject(
  { name, command }: Subject,
  build: (
    logPath: string,
    portOf: (listener: string) => number,
  ) => {
    /** Filters of its one chain, or all that it is. */
    readonly listeners: Readonly<
      Record<string, readonly Json[] | ({ readonly filter_chains: readonly Json[] } & Json)>
    >;
    readonly clusters?: readonly Json[];
  },
): Promise<RunningSubject> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcp-'));
  const logPath = path.join(folder, 'access');
  const [adminPort = 0, ...ports] = await findFreePorts(1 + mostListeners);
  const names: string[] = [];
  const portOf = (listener: string): number => {
    if (!names.includes(listener)) names.push(listener);
    return ports[names.indexOf(listener)] ?? 0;
  };
  const { listeners, clusters = [] } = build(logPath, portOf);
  const bootstrap = {
    node: { id: 'tcp', cluster: 'tcp' },
    admin: { address: socketAddress(adminPort) },
    static_resources: {
      clusters,
      listeners: Object.entries(listeners).map(([listenerName, value]) => ({
        name: listenerName,
        address: socketAddress(portOf(listenerName)),
        ...('filter_chains' in value ? value : { filter_chains: [{ filters: value }] }),
      })),
    },
  };
  const file = path.join(folder, 'bootstrap.json');
  writeFileSync(file, JSON.stringify(bootstrap));
  const logFile = path.join(folder, 'log');
  const process = startProcess(
    { name, command: [...command, '-c', file, '--concurrency', '1'], logFile },
    systemClock,
  );
  const admin = `http://127.0.0.1:${adminPort}`;
  const wait = async (what: string, isDone: () => Promise<boolean> | boolean): Promise<void> => {
    await waitUntil(`${name}: ${what}`, isDone, { clock: systemClock, deadlineMs: 20_000, intervalMs: 10 });
  };
  const isReady = async (): Promise<boolean> =>
    process.exit !== undefined || (await fetch(`${admin}/ready`).catch(() => undefined))?.status === 200;
  await wait(`is ready (${logFile})`, isReady);
  if (process.exit !== undefined) throw new Error(`${name} ended: ${readFileSync(logFile, 'utf8')}`);
  const stat = async (statName: string): Promise<number> => {
    const text = await (await fetch(`${admin}/stats?filter=^${statName}$`)).text();
    return Number(text.split(': ')[1] ?? 0);
  };
  let takenCount = 0;
  return {
    portOf,
    stat,
    untilStat: (statName, value) =>
      wait(`${statName} is ${value}`, async () => (await stat(statName)) === value),
    async logLines(count) {
      const readLines = (): string[] => readFileSync(logPath, 'utf8').split('\n').slice(takenCount, -1);
      await wait(`${count} lines of the log`, () => readLines().length >= count);
      const lines = readLines();
      takenCount += lines.length;
      return lines;
    },
    async stop() {
      await process.stop(5000);
      rmSync(folder, { recursive: true });
    },
  };
}

const filterTypes = 'type.googleapis.com/envoy.extensions.filters.network';

/** A network filter: `networkFilter('echo.v3.Echo')`. */
export function networkFilter(type: string, fields: Json = {}): Json {
  return { name: type, typed_config: { '@type': `${filterTypes}.${type}`, ...fields } };
}
