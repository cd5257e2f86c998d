import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { parseDockerfile } from './dockerfile.ts';

/** The part of the compose format that docker-compose.yml uses; a key outside it is a problem. */
export interface ComposeService {
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly image?: string;
  readonly command?: readonly string[];
  readonly working_dir?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** `<host>:<container>[:ro]` */
  readonly volumes?: readonly string[];
  /** `<address>:<host port>:<container port>` */
  readonly ports?: readonly string[];
  readonly networks?: readonly string[] | Readonly<Record<string, { readonly ipv4_address?: string }>>;
  /** `service:<name>` */
  readonly network_mode?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
}

export interface ComposeFile {
  /** Folder of the file; paths in it are relative to that. */
  readonly folder: string;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const topKeys = ['name', 'services', 'networks', 'volumes'];
const serviceKeys = [
  ...['build', 'image', 'command', 'working_dir', 'environment', 'volumes', 'ports', 'networks'],
  ...[
    'network_mode',
    'depends_on',
    'healthcheck',
    'user',
    'read_only',
    'cap_drop',
    'security_opt',
    'restart',
  ],
];
const conditions = ['service_healthy', 'service_completed_successfully', 'service_started'];

/** Reads a compose file, anchors and merge keys resolved. */
export function readComposeFile(file: string): ComposeFile {
  const document = parse(readFileSync(file, 'utf8'), { merge: true }) as Omit<ComposeFile, 'folder'>;
  return { ...document, folder: path.dirname(file) };
}

/** The service whose network a service lives in: its own, unless it shares another's. */
export function networkOwner(name: string, { network_mode: mode }: ComposeService): string {
  return mode === undefined ? name : mode.replace(/^service:/, '');
}

export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly isFile: boolean;
}

export function mountsOf({ volumes = [] }: ComposeService): Mount[] {
  return volumes.map((text) => {
    const [source = '', target = ''] = text.split(':');
    return { source, target, isFile: /^[./]/.test(source) };
  });
}

/** Everything that `docker compose config` would refuse, and what it would not: files that are missing, ports twice. */
export function problemsOf(compose: ComposeFile): string[] {
  const problems: string[] = [];
  const names = Object.keys(compose.services);
  for (const key of Object.keys(compose)) {
    if (key !== 'folder' && !topKeys.includes(key) && !key.startsWith('x-'))
      problems.push(`unknown key ${key}`);
  }
  const taken = new Map<string, string>();
  const take = (what: string, name: string): void => {
    const owner = taken.get(what);
    if (owner !== undefined) problems.push(`${name}: ${what} is ${owner}'s`);
    taken.set(what, name);
  };
  for (const [name, service] of Object.entries(compose.services)) {
    const say = (text: string): void => void problems.push(`${name}: ${text}`);
    for (const key of Object.keys(service)) if (!serviceKeys.includes(key)) say(`unknown key ${key}`);
    if (service.image === undefined) say('has no image');
    if (service.build !== undefined) {
      const file = path.join(compose.folder, service.build.context, service.build.dockerfile);
      if (!existsSync(file)) say(`there is no ${service.build.dockerfile}`);
      else if (
        !parseDockerfile(readFileSync(file, 'utf8')).some((stage) => stage.name === service.build?.target)
      )
        say(`${service.build.dockerfile} has no target ${service.build.target}`);
    }
    for (const { source, isFile } of mountsOf(service)) {
      if (isFile && !existsSync(path.join(compose.folder, source))) say(`there is no ${source}`);
      if (!isFile && !(source in compose.volumes)) say(`there is no volume ${source}`);
    }
    for (const port of service.ports ?? []) {
      const [, address, host] = /^([\d.]+):(\d+):\d+$/.exec(port) ?? [];
      if (address !== '127.0.0.1') say(`port ${port} is not published on 127.0.0.1 alone`);
      take(`port ${host ?? port}`, name);
    }
    for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
      if (!names.includes(needed)) say(`depends on ${needed}, which does not exist`);
      else if (condition === 'service_healthy' && !hasHealthCheck(compose, needed))
        say(`waits for the health of ${needed}, which has no health check`);
      if (!conditions.includes(condition)) say(`unknown condition ${condition}`);
    }
    const owner = networkOwner(name, service);
    if (!names.includes(owner)) say(`shares the network of ${owner}, which does not exist`);
    if (owner !== name && service.depends_on?.[owner] === undefined) say(`does not wait for ${owner}`);
    const networks = service.networks ?? {};
    const joined = Array.isArray(networks) ? (networks as string[]) : Object.keys(networks);
    if (owner === name && joined.length === 0) say('is in no network');
    if (owner !== name && (joined.length > 0 || service.ports !== undefined))
      say(`has networks or ports of its own beside ${owner}'s`);
    for (const network of joined) if (!(network in compose.networks)) say(`there is no network ${network}`);
    const address = addressOf(service);
    if (address !== undefined) take(`address ${address}`, name);
  }
  return problems;
}

/** The fixed address, if it has one. */
export function addressOf({ networks }: ComposeService): string | undefined {
  if (networks === undefined || Array.isArray(networks)) return undefined;
  return Object.values(networks as Readonly<Record<string, { readonly ipv4_address?: string }>>)[0]
    ?.ipv4_address;
}

/** Its own, or the one of an image of ours, both of which are long-lived programs. */
function hasHealthCheck(compose: ComposeFile, name: string): boolean {
  const service = compose.services[name];
  if (service?.healthcheck !== undefined) return true;
  if (service?.build === undefined) return false;
  const { context, dockerfile, target } = service.build;
  return parseDockerfile(readFileSync(path.join(compose.folder, context, dockerfile), 'utf8'))
    .filter((stage) => stage.name === target)
    .some((stage) => stage.instructions.some(({ name: instruction }) => instruction === 'HEALTHCHECK'));
}
