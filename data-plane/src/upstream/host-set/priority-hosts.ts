import type { PriorityDescription } from '../../config/model/cluster-update.ts';
import type { Locality } from '../../config/model/locality.ts';
import { EdfScheduler } from '../load-balancer/edf-scheduler.ts';
import type { LoadBalancer, Picker } from '../load-balancer/load-balancer.ts';
import type { PriorityHealth } from './priority-load.ts';
import type { WorkerHost } from './worker-host.ts';

/** The hosts of one priority as of one epoch. Pickers are built when they are first asked. */
export class PriorityHosts {
  readonly all: readonly WorkerHost[];
  readonly health: PriorityHealth;
  readonly #healthy: HostSource;
  readonly #degraded: HostSource;
  readonly #everyone: HostSource;

  constructor(
    priority: number,
    hosts: readonly WorkerHost[],
    description: PriorityDescription,
    isLocalityWeighted: boolean,
    balancer: LoadBalancer<WorkerHost>,
    skippedPicks: number,
  ) {
    this.all = hosts;
    const healthy = hosts.filter((host) => host.health === 'healthy');
    const degraded = hosts.filter((host) => host.health === 'degraded');
    this.health = {
      hostCount: hosts.length,
      excludedCount: hosts.reduce((count, host) => count + (host.isExcluded ? 1 : 0), 0),
      healthyCount: healthy.length,
      degradedCount: degraded.length,
      overprovisioningFactor: description.overprovisioningFactor,
    };
    const localities = isLocalityWeighted ? buildLocalities(hosts, description) : [];
    const source = (name: string, list: readonly WorkerHost[], localityList: readonly LocalityHosts[]) =>
      new HostSource(`${priority}/${name}`, list, localityList, balancer, skippedPicks);
    this.#healthy = source('healthy', healthy, eligible(localities, 'healthy', description));
    this.#degraded = source('degraded', degraded, eligible(localities, 'degraded', description));
    this.#everyone = source('all', hosts, []);
  }

  pick(kind: 'healthy' | 'degraded' | 'all', random: number): WorkerHost | undefined {
    switch (kind) {
      case 'healthy':
        return this.#healthy.pick(random);
      case 'degraded':
        return this.#degraded.pick(random);
      case 'all':
        return this.#everyone.pick(random);
    }
  }
}

/** One list to pick from, by locality when localities have weights. */
class HostSource {
  readonly #name: string;
  readonly #hosts: readonly WorkerHost[];
  readonly #localities: readonly LocalityHosts[];
  readonly #balancer: LoadBalancer<WorkerHost>;
  readonly #schedule: EdfScheduler | undefined;
  #picker: Picker<WorkerHost> | undefined;
  readonly #localityPickers: Picker<WorkerHost>[] = [];

  constructor(
    name: string,
    hosts: readonly WorkerHost[],
    localities: readonly LocalityHosts[],
    balancer: LoadBalancer<WorkerHost>,
    skippedPicks: number,
  ) {
    this.#name = name;
    this.#hosts = hosts;
    this.#localities = localities;
    this.#balancer = balancer;
    // Without a locality that qualifies all hosts of the list are used.
    this.#schedule =
      localities.length === 0
        ? undefined
        : new EdfScheduler(localities.length, (entry) => localities[entry]?.weight ?? 1, skippedPicks);
  }

  pick(random: number): WorkerHost | undefined {
    if (this.#schedule !== undefined) {
      const chosen = this.#schedule.pick();
      const locality = this.#localities[chosen];
      if (locality !== undefined) {
        const picker = (this.#localityPickers[chosen] ??= this.#balancer.createPicker(
          `${this.#name}/${locality.index}`,
          locality.hosts,
        ));
        return picker.pick(random);
      }
    }
    if (this.#hosts.length === 0) return undefined;
    this.#picker ??= this.#balancer.createPicker(this.#name, this.#hosts);
    return this.#picker.pick(random);
  }
}

interface LocalityHosts {
  readonly index: number;
  readonly weight: number;
  readonly hosts: readonly WorkerHost[];
}

function buildLocalities(
  hosts: readonly WorkerHost[],
  description: PriorityDescription,
): readonly LocalityHosts[] {
  const byLocality = new Map<string, WorkerHost[]>();
  for (const host of hosts) {
    const key = keyOf(host.locality);
    const list = byLocality.get(key);
    if (list === undefined) byLocality.set(key, [host]);
    else list.push(host);
  }
  return description.localityWeights.map(({ locality, weight }, index) => ({
    index,
    weight,
    hosts: byLocality.get(keyOf(locality)) ?? [],
  }));
}

/** Localities that can serve, with `weight × min(1, overprovisioning × share of eligible hosts)`. */
function eligible(
  localities: readonly LocalityHosts[],
  health: 'healthy' | 'degraded',
  description: PriorityDescription,
): readonly LocalityHosts[] {
  const result: LocalityHosts[] = [];
  for (const { index, weight, hosts } of localities) {
    const usable = hosts.filter((host) => host.health === health);
    if (usable.length === 0 || weight === 0) continue;
    const counted = hosts.reduce((count, host) => count + (host.isExcluded ? 0 : 1), 0);
    const share = counted === 0 ? 1 : usable.length / counted;
    const effective = weight * Math.min(1, (description.overprovisioningFactor / 100) * share);
    result.push({ index, weight: effective, hosts: usable });
  }
  return result;
}

function keyOf({ region, zone, subZone }: Locality): string {
  return `${region}\n${zone}\n${subZone}`;
}
