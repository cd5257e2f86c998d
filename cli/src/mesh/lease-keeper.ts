import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { Instance } from '@heddle/shared/model/instance';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import { RefusedError, type RestClient } from '../client/rest-client.ts';
import { instancePath } from '../client/object-path.ts';
import type { InstancePlan } from './mesh-plan.ts';

/** Without a renewal for so long an instance is removed. */
export const leaseTtlSeconds = 15;
const renewEveryMs = 4000;

export interface LeaseKeeper {
  /**
   * The instance was registered just now: renews its lease from now on. If the lease ran out because nobody could
   * renew it, the instance is registered again; if somebody deleted it, it stays out.
   */
  keep(instance: InstancePlan): void;
  drop(id: string): void;
  stop(): void;
}

/** What is registered for an instance: clients reach it through the inbound port of its sidecar. */
export function registrationOf(instance: InstancePlan): Instance {
  return {
    kind: 'Instance',
    metadata: { name: instance.id, service: instance.service },
    spec: {
      address: '127.0.0.1',
      port: instance.inboundPort,
      ...(instance.version === undefined ? {} : { version: instance.version }),
      lease: { ttlSeconds: leaseTtlSeconds },
    },
  };
}

interface Kept {
  readonly instance: InstancePlan;
  /** By the monotonic clock. */
  renewedAtMs: number;
}

export function createLeaseKeeper(options: {
  readonly client: RestClient;
  readonly clock: Clock;
  /** Called when renewing begins to fail, not each time; and when an instance is kept no longer. */
  readonly onTrouble: (text: string) => void;
}): LeaseKeeper {
  const { client, clock, onTrouble } = options;
  const kept = new Map<string, Kept>();
  let timer: Timer | undefined;
  let isTroubled = false;
  let isStopped = false;

  async function renew(entry: Kept): Promise<void> {
    const { instance } = entry;
    const sentAtMs = clock.monotonicMs();
    try {
      const path = `${instancePath(instance.service, instance.id)}/renew`;
      await client.send({ method: 'POST', path, timeoutMs: renewEveryMs });
    } catch (thrown) {
      if (!(thrown instanceof RefusedError) || thrown.status !== 404) throw thrown;
      if (kept.get(instance.id) !== entry) return;
      if (sentAtMs - entry.renewedAtMs < leaseTtlSeconds * 1000) {
        // The lease has not run out, so somebody deleted the instance. Registering it again would undo that.
        kept.delete(instance.id);
        onTrouble(`${instance.service}/${instance.id} was deregistered by somebody and stays out`);
        return;
      }
      const body = JSON.stringify(registrationOf(instance));
      await client.send({ method: 'POST', path: '/v1/apply', body, contentType: 'application/yaml' });
    }
    entry.renewedAtMs = sentAtMs;
  }

  async function renewAll(): Promise<void> {
    const results = await Promise.allSettled([...kept.values()].map(renew));
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined && !isTroubled && !isStopped) {
      onTrouble(`leases cannot be renewed: ${messageOf(failure.reason)}`);
    }
    isTroubled = failure !== undefined;
    timer = undefined;
    schedule();
  }

  function schedule(): void {
    if (isStopped || timer !== undefined || kept.size === 0) return;
    timer = clock.setTimer(renewEveryMs, () => void renewAll());
  }

  return {
    keep(instance) {
      kept.set(instance.id, { instance, renewedAtMs: clock.monotonicMs() });
      schedule();
    },
    drop(id) {
      kept.delete(id);
    },
    stop() {
      isStopped = true;
      timer?.cancel();
      kept.clear();
    },
  };
}
