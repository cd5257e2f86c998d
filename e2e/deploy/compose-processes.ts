import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ManagedProcess } from '@heddle/shared/processes/managed-process';
import type { Harness } from '../harness/harness.ts';
import { createAddressMap, type AddressMap } from './address-map.ts';
import { addressOf, mountsOf, networkOwner, type ComposeFile, type ComposeService } from './compose-file.ts';
import type { ReplayedStage } from './image-replay.ts';

export interface ComposedMesh {
  /** The port of this machine that stands for a port of the service's network. */
  portOf(service: string, port: number): number;
  readonly addresses: AddressMap;
  readonly processes: ReadonlyMap<string, ManagedProcess>;
}

/** Ports that a program of ours listens on without being told; on one machine each has to be told another. */
const defaultPorts: Readonly<Record<string, readonly string[]>> = {
  'control-plane': ['--rest-port=8600', '--xds-port=18000', '--bind=127.0.0.1'],
  sidecar: ['--outbound-port=15001', '--inbound-port=15006', '--admin-port=9901'],
  heddle: [],
};

export interface ComposeContext {
  readonly harness: Harness;
  readonly compose: ComposeFile;
  /** What stands for the images that are built, by target. */
  readonly images: ReadonlyMap<string, ReplayedStage>;
  /** Programs that stand for those of foreign images: `redis-server`, `envoy`. */
  readonly programs: Readonly<Record<string, string>>;
}

/**
 * Starts what a compose file describes as plain processes: the same commands, settings, files and health checks, in
 * the order of `depends_on`, with every address mapped to a free port of this machine.
 */
export async function startComposed(context: ComposeContext): Promise<ComposedMesh> {
  const { compose, harness } = context;
  const entries = Object.entries(compose.services);
  const networks = new Map<string, string>();
  for (const [name, service] of entries) {
    networks.set(name, networkOwner(name, service));
    const address = addressOf(service);
    if (address !== undefined) networks.set(address, name);
  }
  const addresses = await createAddressMap(networks);
  const processes = new Map<string, ManagedProcess>();
  const started = new Map<string, Promise<void>>();

  function start(name: string): Promise<void> {
    const known = started.get(name);
    if (known !== undefined) return known;
    const service = compose.services[name];
    if (service === undefined) throw new Error(`no service ${name}`);
    const starting = Promise.all(Object.keys(service.depends_on ?? {}).map(start)).then(async () => {
      const spec = toProcess(name, service, addresses, context);
      if (spec.healthCheck === undefined) {
        // It does its work and ends; whoever depends on it waits for that.
        await promisify(execFile)(spec.command[0], spec.command.slice(1), spec);
        return;
      }
      const { healthCheck } = spec;
      const process = await harness.start({ ...spec, environment: spec.env, name }, () =>
        passes(healthCheck),
      );
      processes.set(name, process);
    });
    started.set(name, starting);
    return starting;
  }

  await Promise.all(entries.map(([name]) => start(name)));
  return {
    addresses,
    processes,
    portOf: (service, port) => addresses.portOf(networks.get(service) ?? service, port),
  };
}

interface ProcessOfService {
  readonly command: [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absent: the process does its work and ends. */
  readonly healthCheck: readonly string[] | undefined;
}

function toProcess(
  name: string,
  service: ComposeService,
  addresses: AddressMap,
  context: ComposeContext,
): ProcessOfService {
  const { compose, harness, images } = context;
  const network = networkOwner(name, service);
  const target = service.build?.target;
  const image = target === undefined ? undefined : images.get(target);
  if (target !== undefined && image === undefined) throw new Error(`${name}: no image ${target}`);

  const ownWords = service.command ?? image?.command ?? [];
  const told = target === undefined || ownWords.includes('-c') ? [] : (defaultPorts[target] ?? []);
  const words = addresses.rewriteWords(network, [...(image?.entrypoint ?? []), ...ownWords, ...told]);

  // What a foreign image writes where it stands goes to a folder of its own.
  let cwd = path.join(harness.folder, 'data', name);
  mkdirSync(cwd, { recursive: true });
  if (image !== undefined) cwd = path.join(image.root, image.workdir);
  let command = words;
  for (const { source, target: inside, isFile } of mountsOf(service)) {
    if (!isFile) continue;
    const original = path.join(compose.folder, source);
    let outside = original;
    if (statSync(original).isFile()) {
      outside = path.join(harness.folder, 'mounts', name, path.basename(inside));
      mkdirSync(path.dirname(outside), { recursive: true });
      writeFileSync(outside, addresses.rewriteDocuments(network, readFileSync(original, 'utf8')));
    }
    command = command.map((word) => (word === inside ? outside : word));
    if (service.working_dir === inside) cwd = outside;
  }

  const environment = Object.entries({ ...image?.environment, ...service.environment }).map(
    ([key, value]) => [
      key,
      key === 'PORT'
        ? String(addresses.portOf(network, Number(value)))
        : addresses.rewriteText(network, value),
    ],
  );
  const [program = '', ...rest] = command;
  const test = service.healthcheck?.test.slice(1) ?? image?.healthCheck;
  return {
    command: [context.programs[program] ?? (program === 'node' ? process.execPath : program), ...rest],
    cwd,
    env: { ...process.env, ...(Object.fromEntries(environment) as Record<string, string>) },
    healthCheck: test === undefined ? undefined : addresses.rewriteWords(network, test),
  };
}

/** Runs a health check as the engine would. */
async function passes([program = '', ...rest]: readonly string[]): Promise<boolean> {
  try {
    await promisify(execFile)(program === 'node' ? process.execPath : program, rest, { timeout: 3000 });
    return true;
  } catch {
    return false;
  }
}
