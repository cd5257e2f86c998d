import type { Rng } from '@heddle/shared/random/rng';
import type { LoadBalancerPolicy, SlowStart } from '../../config/model/cluster.ts';
import { LeastRequestLoadBalancer } from './least-request.ts';
import type { Candidate, LoadBalancer } from './load-balancer.ts';
import { RandomLoadBalancer } from './random.ts';
import { RoundRobinLoadBalancer } from './round-robin.ts';
import { SlowStartFactor } from './slow-start.ts';

export function createLoadBalancer<H extends Candidate>(
  policy: LoadBalancerPolicy,
  rng: Rng,
  monotonicMs: () => number,
): LoadBalancer<H> {
  const slowStart = (settings: SlowStart | undefined) =>
    settings === undefined ? undefined : new SlowStartFactor(settings, monotonicMs);
  switch (policy.kind) {
    case 'round-robin':
      return new RoundRobinLoadBalancer(rng, slowStart(policy.slowStart));
    case 'least-request':
      return new LeastRequestLoadBalancer(policy, rng, slowStart(policy.slowStart));
    case 'random':
      return new RandomLoadBalancer();
  }
}
