import { waitUntil } from '@heddle/shared/processes/wait-until';
import type { Clock } from '@heddle/shared/time/clock';
import { listProxies } from './proxies.ts';
import type { RestClient } from './rest-client.ts';

/** A control plane gathers changes for at most so long before it sends them; from then on `synced` includes them. */
const publishedWithinMs = 1000;

/**
 * Waits until every connected proxy has acknowledged what was changed before the call, and serves it in all of its
 * workers if it tells that. Returns how many there are. Throws `peer-unreachable`, naming the proxies that have not.
 * Something else must keep the process alive.
 */
export async function waitForClients(client: RestClient, clock: Clock, deadlineMs: number): Promise<number> {
  const publishedAtMs = clock.monotonicMs() + publishedWithinMs;
  return waitUntil(
    'every proxy has acknowledged',
    async () => {
      if (clock.monotonicMs() < publishedAtMs) return undefined;
      const connected = (await listProxies(client)).filter(({ state }) => state !== 'disconnected');
      const behind = connected.filter(({ state, live }) => state !== 'synced' || live.kind === 'waiting');
      if (behind.length === 0) return connected.length;
      throw new Error(
        behind
          .map(({ node, state }) => `${node} is ${state === 'synced' ? 'not live yet' : state}`)
          .join(', '),
      );
    },
    { clock, deadlineMs: Math.max(deadlineMs, publishedWithinMs + 100), intervalMs: 50 },
  );
}
