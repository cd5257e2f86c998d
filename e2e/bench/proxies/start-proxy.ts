import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { waitForAnswer } from '../load/wait-for-answer.ts';
import type { BenchOptions } from '../scenario.ts';
import { subjectCore, type Stage } from '../stage.ts';
import { certificateFiles } from './certificate-files.ts';
import { createEnvoy } from './envoy.ts';
import { createHaproxy } from './haproxy.ts';
import { createHeddle } from './heddle.ts';
import { createNginx } from './nginx.ts';
import { benchHost, http1, type Proxy, type ProxySetup } from './proxy.ts';

export interface StartedProxy {
  readonly name: string;
  readonly port: number;
  readonly adminPort: number;
  readonly pid: number;
  /** Of all processes that a request goes through. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** Heddle and those of its peers that can do it and that this machine has; says which it lacks. */
export function createProxies(options: BenchOptions, protocols = http1): readonly Proxy[] {
  const all = [
    createHeddle(options),
    createEnvoy('defaults'),
    createEnvoy('tuned'),
    createHaproxy(),
    createNginx(),
  ];
  const able = all.filter((proxy) => proxy.speaks(protocols));
  const absent = able.filter(({ program }) => program === undefined).map(({ name }) => name);
  if (absent.length > 0) options.onProgress(`not on this machine, so not in the table: ${absent.join(', ')}`);
  return able.filter(({ program }) => program !== undefined);
}

/** Starts it on its core; `isAnswering`: and waits until a request through it is answered. */
export async function startProxy(
  stage: Stage,
  folder: string,
  proxy: Proxy,
  setup: Partial<ProxySetup>,
  { isAnswering = true }: { readonly isAnswering?: boolean } = {},
): Promise<StartedProxy> {
  const [port = 0, adminPort = 0] = await findFreePorts(2);
  const { protocols = http1 } = setup;
  const command = proxy.prepare(folder, {
    ...{ port, adminPort, upstreamPort: 9, unusedClusters: 0, ...setup },
    certificates: setup.certificates ?? certificateFiles(folder),
    protocols,
  });
  const child = stage.start(proxy.name, subjectCore, command);
  if (isAnswering)
    await waitForAnswer(port, benchHost, 30_000, {
      isHttp2: protocols.downstream === 'http2',
      isTls: protocols.downstreamTls !== undefined,
    });
  return {
    name: proxy.name,
    port,
    adminPort,
    pid: child.pid,
    pids: [child.pid],
    stop: () => stage.stop(child),
  };
}

/** Two of a kind on the same core, one behind the other, with mutual TLS between them; in the clear at both ends. */
export async function startMesh(
  stage: Stage,
  folder: string,
  proxy: Proxy,
  upstreamPort: number,
): Promise<StartedProxy> {
  const certificates = certificateFiles(folder);
  const server = path.join(folder, 'server');
  mkdirSync(server, { recursive: true });
  const inbound = await startProxy(
    stage,
    server,
    proxy,
    { upstreamPort, certificates, protocols: { ...http1, downstreamTls: 'mutual' } },
    { isAnswering: false },
  );
  const outbound = await startProxy(stage, folder, proxy, {
    ...{ upstreamPort: inbound.port, certificates },
    protocols: { ...http1, upstreamTls: 'mutual' },
  });
  return { ...outbound, pids: [...outbound.pids, ...inbound.pids] };
}
