import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock } from '@heddle/shared/time/clock';
import type { Registry, WatchEvent } from '../registry/registry.ts';
import type { Mesh } from '../translate/mesh.ts';
import { createDebounce, type DebounceSettings } from './debounce.ts';
import { applyChanges, buildMesh } from './mesh-state.ts';

export interface PublisherDependencies {
  readonly registry: Pick<Registry, 'list' | 'watch'>;
  /** Called with each mesh that is to be served, at the pace of the debounce. */
  readonly publish: (mesh: Mesh, revision: number) => void;
  readonly debounce: DebounceSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Publisher {
  /** Ends the watch; nothing is published afterwards. */
  stop(): Promise<void>;
}

/**
 * Follows the registry and publishes what it holds. The registry's first event comes after it was read
 * completely, so nothing partial is ever published; while its store is away no event comes, and what was
 * published keeps serving.
 */
export function startPublisher({
  registry,
  publish,
  debounce,
  clock,
  logger,
}: PublisherDependencies): Publisher {
  let mesh: Mesh | undefined;
  let revision = 0;
  const publishSoon = createDebounce(clock, debounce, () => {
    try {
      if (mesh !== undefined) publish(mesh, revision);
    } catch (thrown) {
      logger.error({ err: messageOf(thrown) }, 'publishing failed, the last snapshot keeps serving');
    }
  });
  const events = registry.watch();

  function apply(event: WatchEvent): void {
    if (event.kind === 'changed' && mesh !== undefined) mesh = applyChanges(mesh, event.changes);
    else mesh = buildMesh(registry.list('').map((object) => object.value));
    revision = event.revision;
    logger.debug({ version: revision }, 'registry changed');
    publishSoon.trigger();
  }

  async function follow(): Promise<void> {
    for await (const event of events) apply(event);
  }

  const followed = follow();
  return {
    async stop() {
      publishSoon.stop();
      await events.return?.();
      await followed;
    },
  };
}
