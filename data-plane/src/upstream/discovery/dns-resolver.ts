import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import type { DnsSettings } from '../../config/model/cluster.ts';

export interface DnsRecord {
  /** An IP address. */
  readonly address: string;
  /** Undefined where the answer had none (hosts file). */
  readonly ttlSeconds: number | undefined;
}

export interface DnsResolver {
  /** All addresses of one family; empty when the name exists without any. Rejects when it could not be found. */
  resolve(name: string, family: 4 | 6): Promise<readonly DnsRecord[]>;
}

/**
 * Asks the name servers, whose answers carry a time to live; then, for what they do not know, the system
 * (`/etc/hosts`, search domains). `localhost` never leaves the machine (RFC 6761, 6.3).
 */
export function createSystemDnsResolver(): DnsResolver {
  const resolver = new dns.Resolver({ timeout: 2000, tries: 2 });

  async function askSystem(name: string, family: 4 | 6): Promise<readonly DnsRecord[]> {
    const found = await dns.lookup(name, { all: true, family });
    const unique = new Set(found.map(({ address }) => address));
    return [...unique].map((address) => ({ address, ttlSeconds: undefined }));
  }

  return {
    async resolve(name, family) {
      if (name === 'localhost' || name.endsWith('.localhost')) return askSystem(name, family);
      try {
        const found = await (family === 4
          ? resolver.resolve4(name, { ttl: true })
          : resolver.resolve6(name, { ttl: true }));
        return found.map(({ address, ttl }) => ({ address, ttlSeconds: ttl }));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENODATA') return [];
        return askSystem(name, family);
      }
    },
  };
}

/** Resolves a name in the order that the family setting asks for; an IP address is its own answer. */
export async function resolveFamily(
  resolver: DnsResolver,
  name: string,
  family: DnsSettings['lookupFamily'],
): Promise<readonly DnsRecord[]> {
  if (isIP(name) !== 0) return [{ address: name, ttlSeconds: undefined }];
  switch (family) {
    case 'v4-only':
      return resolver.resolve(name, 4);
    case 'v6-only':
      return resolver.resolve(name, 6);
    case 'auto':
      return firstWithRecords(resolver, name, 6, 4);
    case 'v4-preferred':
      return firstWithRecords(resolver, name, 4, 6);
    case 'all': {
      const results = await Promise.allSettled([resolver.resolve(name, 4), resolver.resolve(name, 6)]);
      const records = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
      const [first] = results;
      if (records.length === 0 && first.status === 'rejected') throw first.reason;
      return records;
    }
  }
}

async function firstWithRecords(
  resolver: DnsResolver,
  name: string,
  preferred: 4 | 6,
  other: 4 | 6,
): Promise<readonly DnsRecord[]> {
  try {
    const records = await resolver.resolve(name, preferred);
    if (records.length > 0) return records;
  } catch {
    // The other family decides whether the name exists.
  }
  return resolver.resolve(name, other);
}
