import type { HostDescription, PackedHosts } from './cluster-update.ts';
import type { Locality } from './locality.ts';

const columnCount = 7;
/** What no address contains. */
const separator = '\0';
const noMetadata: Readonly<Record<string, unknown>> = Object.freeze({});
const nowhere: Locality = { region: '', zone: '', subZone: '' };

/** Objects that stand for the same locality are one entry when they are one object, as in a decoded assignment. */
export function packHosts(hosts: readonly HostDescription[]): PackedHosts {
  const numbers = new Float64Array(hosts.length * columnCount);
  const localities: Locality[] = [];
  const localityIndex = new Map<Locality, number>();
  const metadata: { index: number; values: Readonly<Record<string, unknown>> }[] = [];
  for (const [index, host] of hosts.entries()) {
    let locality = localityIndex.get(host.locality);
    if (locality === undefined) {
      locality = localities.push(host.locality) - 1;
      localityIndex.set(host.locality, locality);
    }
    numbers.set(
      [
        host.slot,
        host.port,
        host.weight,
        host.priority,
        locality,
        host.isCanary ? 1 : 0,
        host.transportSocket,
      ],
      index * columnCount,
    );
    if (Object.keys(host.metadata).length > 0) metadata.push({ index, values: host.metadata });
  }
  return {
    numbers,
    addresses: hosts.map((host) => host.address).join(separator),
    hostnames: hosts.some((host) => host.hostname !== '') ? hosts.map((host) => host.hostname) : [],
    localities,
    metadata,
  };
}

export function unpackHosts(packed: PackedHosts): HostDescription[] {
  const { numbers, hostnames, localities } = packed;
  const count = packedHostCount(packed);
  const addresses = count === 0 ? [] : packed.addresses.split(separator);
  const metadata = new Map(packed.metadata.map(({ index, values }) => [index, values]));
  return addresses.map((address, index) => {
    const at = index * columnCount;
    return {
      slot: numbers[at] ?? 0,
      address,
      port: numbers[at + 1] ?? 0,
      hostname: hostnames[index] ?? '',
      locality: localities[numbers[at + 4] ?? 0] ?? nowhere,
      priority: numbers[at + 3] ?? 0,
      weight: numbers[at + 2] ?? 1,
      isCanary: numbers[at + 5] === 1,
      metadata: metadata.get(index) ?? noMetadata,
      transportSocket: numbers[at + 6] ?? -1,
    };
  });
}

export function packedHostCount({ numbers }: PackedHosts): number {
  return numbers.length / columnCount;
}
