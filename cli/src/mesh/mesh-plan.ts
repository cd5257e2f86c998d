import type { Problem } from '@heddle/shared/errors/problem';
import type { MeshFile, MeshInstance } from './mesh-file-schema.ts';

/** A mesh with every port decided. */
export interface MeshPlan {
  readonly restPort: number;
  readonly xdsPort: number;
  readonly concurrency: number;
  readonly instances: readonly InstancePlan[];
}

export interface InstancePlan {
  readonly id: string;
  readonly service: string;
  readonly version: string | undefined;
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  /** Undefined: all services. */
  readonly upstreams: readonly string[] | undefined;
  /** Port of the program itself. */
  readonly appPort: number;
  readonly inboundPort: number;
  readonly outboundPort: number;
  readonly adminPort: number;
}

export interface NamedPort {
  readonly port: number;
  readonly owner: string;
}

export const defaultPorts = {
  rest: 8600,
  xds: 18000,
  app: 8701,
  inbound: 15006,
  outbound: 15001,
  admin: 9901,
};

/** What the schema cannot say: references between the parts, names and ports that occur twice. */
export function checkMeshFile(file: MeshFile): Problem[] {
  const problems: Problem[] = [];
  const ids = new Set<string>();
  for (const [service, { upstreams, instances }] of Object.entries(file.services)) {
    upstreams?.forEach((upstream, index) => {
      if (Object.hasOwn(file.services, upstream) || file.objects !== undefined) return;
      problems.push({ path: `/services/${service}/upstreams/${index}`, message: `no service "${upstream}"` });
    });
    instances.forEach(({ id }, index) => {
      if (ids.has(id)) {
        problems.push({ path: `/services/${service}/instances/${index}/id`, message: `a second "${id}"` });
      }
      ids.add(id);
    });
  }
  file.checks?.forEach(({ via }, index) => {
    if (!ids.has(via)) problems.push({ path: `/checks/${index}/via`, message: `no instance "${via}"` });
  });
  const owners = new Map<number, string>();
  for (const { port, owner } of portsOf(planMesh(file))) {
    const other = owners.get(port);
    if (other !== undefined) {
      problems.push({ path: '/services', message: `port ${port} is given twice: ${other}, ${owner}` });
    }
    owners.set(port, owner);
  }
  return problems;
}

/** Ports by position, unless given. `freePorts`, when there, replaces every one of them. */
export function planMesh(file: MeshFile, freePorts?: readonly number[]): MeshPlan {
  const free = freePorts?.values();
  const take = (port: number): number => (free === undefined ? port : (free.next().value ?? port));
  const restPort = take(file.controlPlane?.restPort ?? defaultPorts.rest);
  const xdsPort = take(file.controlPlane?.xdsPort ?? defaultPorts.xds);
  const instances: InstancePlan[] = [];
  for (const [service, { instances: listed }] of Object.entries(file.services)) {
    for (const instance of listed) {
      instances.push(planInstance(file, service, instance, instances.length, take));
    }
  }
  return { restPort, xdsPort, concurrency: file.sidecars?.concurrency ?? 1, instances };
}

/** `position` decides the ports that are not given; positions count up over all services. */
export function planInstance(
  file: MeshFile,
  service: string,
  instance: MeshInstance,
  position: number,
  take: (port: number) => number,
): InstancePlan {
  const entry = file.services[service];
  const [program = 'node', ...words] = entry?.command ?? [];
  const { sidecar = {} } = instance;
  return {
    id: instance.id,
    service,
    version: instance.version,
    command: [program, ...words],
    environment: { ...entry?.environment, ...instance.environment },
    upstreams: entry?.upstreams,
    appPort: take(instance.port ?? defaultPorts.app + position),
    inboundPort: take(sidecar.inboundPort ?? defaultPorts.inbound + 10 * position),
    outboundPort: take(sidecar.outboundPort ?? defaultPorts.outbound + 10 * position),
    adminPort: take(sidecar.adminPort ?? defaultPorts.admin + 10 * position),
  };
}

export const portsOfInstanceCount = 4;

/** Every port of the plan with its owner, in the order in which `planMesh` takes them. */
export function portsOf(plan: MeshPlan): NamedPort[] {
  return [
    { port: plan.restPort, owner: 'REST of the control plane' },
    { port: plan.xdsPort, owner: 'xDS of the control plane' },
    ...plan.instances.flatMap(portsOfInstance),
  ];
}

export function portsOfInstance(instance: InstancePlan): NamedPort[] {
  return [
    { port: instance.appPort, owner: instance.id },
    { port: instance.inboundPort, owner: `inbound of ${instance.id}` },
    { port: instance.outboundPort, owner: `outbound of ${instance.id}` },
    { port: instance.adminPort, owner: `admin of ${instance.id}` },
  ];
}
