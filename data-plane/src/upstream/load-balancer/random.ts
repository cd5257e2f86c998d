import type { Candidate, LoadBalancer, Picker } from './load-balancer.ts';

/** Any host, weights ignored. The number that chose the priority chooses the host as well, as in Envoy. */
export class RandomLoadBalancer<H extends Candidate> implements LoadBalancer<H> {
  createPicker(_source: string, hosts: readonly H[]): Picker<H> {
    return { pick: (random) => hosts[random % hosts.length] as H };
  }
}
