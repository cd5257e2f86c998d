import type { TransportSocketOptions } from '../transport/transport-socket-options.ts';
import type { Host, LoadBalancerContext } from '../upstream/upstream.ts';
import type { ResolvedRoute } from './resolved-route.ts';

const noHosts: readonly Host[] = [];

/** What the load balancer may know about one request: its subset, and the hosts that failed it; and what it wants of one. */
export class HostSelection implements LoadBalancerContext {
  readonly #route: ResolvedRoute;
  socketOptions: TransportSocketOptions | undefined;
  /** Of requests that may be retried only. */
  #triedHosts = noHosts;

  constructor(route: ResolvedRoute) {
    this.#route = route;
  }

  get metadataMatch(): Readonly<Record<string, unknown>> | undefined {
    return this.#route.metadataMatch;
  }

  get hostSelectionRetryCount(): number {
    return this.#triedHosts.length === 0
      ? 0
      : (this.#route.retryPolicy?.policy.hostSelectionRetryMaxAttempts ?? 1);
  }

  shouldSelectAnotherHost(host: Host): boolean {
    const policy = this.#triedHosts.length === 0 ? undefined : this.#route.retryPolicy?.policy;
    if (policy === undefined) return false;
    return (
      (policy.avoidPreviousHosts && this.#triedHosts.includes(host)) ||
      (policy.omitCanaryHosts && host.isCanary)
    );
  }

  onHostTried(host: Host): void {
    this.#triedHosts = [...this.#triedHosts, host];
  }
}
