import type { DnsSettings } from '../../config/model/cluster.ts';
import type { Endpoint, Endpoints } from '../../config/model/endpoints.ts';
import type { Discovery, DiscoveryEvents } from './discovery.ts';
import type { DnsRecord } from './dns-resolver.ts';
import { DnsTarget, type DnsContext } from './dns-target.ts';

/**
 * STRICT_DNS: every name is resolved on its own, and each of its addresses is a host. LOGICAL_DNS: the one name is
 * one host, at the first address of the latest answer. A failed resolution keeps what was known; the first one that
 * ends, well or not, ends the first load.
 */
export class DnsDiscovery implements Discovery {
  readonly #endpoints: Endpoints;
  readonly #settings: DnsSettings;
  readonly #isLogical: boolean;
  readonly #context: DnsContext;
  readonly #targets: DnsTarget[] = [];
  /** Latest addresses of each endpoint that has been resolved. */
  readonly #addresses = new Map<Endpoint, readonly string[]>();
  #isLoaded = false;

  constructor(
    kind: 'strict-dns' | 'logical-dns',
    endpoints: Endpoints,
    settings: DnsSettings,
    context: DnsContext,
  ) {
    this.#endpoints = endpoints;
    this.#settings = settings;
    this.#isLogical = kind === 'logical-dns';
    this.#context = context;
  }

  start(events: DiscoveryEvents): void {
    const endpoints = this.#endpoints.priorities.flat().flatMap((group) => group.endpoints);
    for (const endpoint of endpoints) {
      const target = new DnsTarget(this.#context, {
        name: endpoint.address.address,
        settings: this.#settings,
        isLogical: this.#isLogical,
        onResolved: (records) => {
          this.#addresses.set(endpoint, this.#addressesOf(records));
          events.onEndpoints(this.#resolved());
          this.#finishLoad(events);
        },
        onFailed: () => this.#finishLoad(events),
      });
      this.#targets.push(target);
    }
    for (const target of this.#targets) target.start();
    if (endpoints.length === 0 || !this.#settings.waitForWarmOnInit) this.#finishLoad(events);
  }

  stop(): void {
    for (const target of this.#targets) target.stop();
  }

  #addressesOf(records: readonly DnsRecord[]): readonly string[] {
    const unique = new Set(records.map(({ address }) => address));
    return this.#isLogical ? [...unique].slice(0, 1) : [...unique];
  }

  #resolved(): Endpoints {
    return {
      ...this.#endpoints,
      priorities: this.#endpoints.priorities.map((groups) =>
        groups.map((group) => ({
          ...group,
          endpoints: group.endpoints.flatMap((endpoint) =>
            (this.#addresses.get(endpoint) ?? []).map((address) => ({
              ...endpoint,
              address: { address, port: endpoint.address.port },
              hostname: endpoint.hostname === '' ? endpoint.address.address : endpoint.hostname,
            })),
          ),
        })),
      ),
    };
  }

  #finishLoad(events: DiscoveryEvents): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    events.onFirstLoad();
  }
}
