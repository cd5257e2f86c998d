import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import { formatProblem } from '@heddle/shared/errors/problem';
import type { Logger } from '@heddle/shared/logging/logger';
import { sleep, type Clock } from '@heddle/shared/time/clock';
import { createCountingClock } from '@heddle/shared/time/counting-clock';
import { createValidator } from '@heddle/shared/xds/validate';
import { loadApi, type XdsApi } from '@heddle/shared/xds/xds-api';
import type { FastifyInstance } from 'fastify';
import { Registry as MetricsRegistry } from 'prom-client';
import { createXdsMetrics, declareStateMetrics } from './metrics.ts';
import { declareProcessMetrics } from './process-metrics.ts';
import { createDiscoverySource } from './discovery-source.ts';
import { createProxyView } from './proxy-view.ts';
import { openEmbeddedRegistry } from './registry/embedded-registry.ts';
import { createRedisRegistry } from './registry/redis-registry.ts';
import type { Registry } from './registry/registry.ts';
import { createRestApp } from './rest/create-rest-app.ts';
import type { Readiness } from './rest/health.ts';
import type { Settings } from './settings.ts';
import { SnapshotBuilder, type ResourceCheck } from './snapshot/build-snapshot.ts';
import { startPublisher } from './snapshot/publisher.ts';
import { SnapshotCache } from './snapshot/snapshot-cache.ts';
import { DiscoveryFetch } from './xds/discovery-fetch.ts';
import { buildEmptyAssignment } from './xds/empty-assignment.ts';
import { LoadBoard } from './xds/load-board.ts';
import { NodeStatusBoard } from './xds/node-status.ts';
import { XdsCertificates } from './xds/xds-certificates.ts';
import { createXdsService } from './xds/xds-service.ts';

export interface ControlPlaneDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
}

export interface ControlPlane {
  readonly restPort: number;
  readonly xdsPort: number;
  /** Ends the streams, then the API, then lets go of the registry. Idempotent. */
  stop(): Promise<void>;
}

/** How long a proxy that left is still shown. */
const keepNodeMs = 10 * 60_000;
const registryPollMs = 50;

/**
 * The composition root: the only place that knows every folder. Resolves when both ports listen and the
 * registry was read. Throws HeddleError with what to do (`port-in-use`, `file-unusable`, `peer-unreachable`);
 * what was opened until then is closed again.
 */
export async function startControlPlane(
  settings: Settings,
  { clock: systemClock, logger, version }: ControlPlaneDependencies,
): Promise<ControlPlane> {
  const clock = createCountingClock(systemClock);
  const closers: (() => Promise<unknown>)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= closeAll(closers, logger));
  try {
    const registry = openRegistry(settings, clock, logger);
    closers.push(() => registry.close());
    await untilRead(registry, settings, clock);

    const metrics = new MetricsRegistry();
    const api = loadApi();
    const snapshots = new SnapshotCache(new SnapshotBuilder(api, createResourceCheck(api)), clock, logger);
    const nodes = new NodeStatusBoard(clock, keepNodeMs);
    declareStateMetrics(metrics, { registry, snapshots, nodes });
    declareProcessMetrics(metrics, () => clock.pendingTimerCount);

    const publisher = startPublisher({
      registry,
      publish: (mesh, revision) => snapshots.publish(mesh, revision),
      debounce: { quietMs: settings.debounceQuietMs, maxMs: settings.debounceMaxMs },
      clock,
      logger: logger.child({ component: 'publisher' }),
    });
    closers.push(() => publisher.stop());

    const controlPlaneId = `heddle ${version}`;
    const emptyAssignment = (name: string) => buildEmptyAssignment(api, name);
    const fetch = new DiscoveryFetch({ snapshots, nodes, emptyAssignment, clock, controlPlaneId });
    const xdsMetrics = createXdsMetrics(metrics);
    const loads = new LoadBoard(clock, xdsMetrics.onLoad);
    const rest = await createRestApp({
      registry,
      proxies: createProxyView(nodes),
      loads: () => loads.list(),
      discovery: createDiscoverySource(api, fetch, nodes),
      readiness: () => readinessOf(registry, snapshots),
      snapshots: () => snapshots.status,
      metrics,
      logger,
      version,
    });
    closers.push(() => rest.close());
    const xdsLogger = logger.child({ component: 'xds' });
    const certificates = settings.xdsTls && new XdsCertificates(settings.xdsTls, xdsLogger);
    closers.push(() => Promise.resolve(certificates?.stop()));
    const xds = createXdsService({
      api,
      snapshots,
      nodes,
      fetch,
      loads,
      loadReportIntervalMs: settings.loadReportIntervalMs,
      metrics: xdsMetrics,
      clock,
      logger: xdsLogger,
      credentials: certificates?.credentials,
      controlPlaneId,
      ackTimeoutMs: settings.ackTimeoutMs,
    });
    closers.push(() => xds.stop());

    const xdsPort = await xds.listen(settings.bindAddress, settings.xdsPort);
    const restPort = await listenRest(rest, settings);
    return { restPort, xdsPort, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function closeAll(closers: (() => Promise<unknown>)[], logger: Logger): Promise<void> {
  for (const close of closers.reverse()) {
    try {
      await close();
    } catch (thrown) {
      logger.warn({ err: messageOf(thrown) }, 'stopping a part failed');
    }
  }
}

function openRegistry(settings: Settings, clock: Clock, logger: Logger): Registry {
  const { registry, maxLossPercent, lossWindowMs } = settings;
  const lossLimits = { maxLossPercent, windowMs: lossWindowMs };
  const options = { clock, logger: logger.child({ component: 'registry' }), lossLimits };
  if (registry.kind === 'redis') return createRedisRegistry({ url: registry.url, ...options });
  // Only our own default folder is made; a mistake in a path that somebody wrote is told instead.
  if (registry.isDefault) mkdirSync(path.dirname(registry.file), { recursive: true });
  return openEmbeddedRegistry({ file: registry.file, ...options });
}

async function untilRead(registry: Registry, settings: Settings, clock: Clock): Promise<void> {
  const deadlineMs = clock.monotonicMs() + settings.registryTimeoutMs;
  for (let status = registry.status(); status.kind === 'loading'; status = registry.status()) {
    if (clock.monotonicMs() >= deadlineMs) {
      const seconds = settings.registryTimeoutMs / 1000;
      throw new HeddleError(
        'peer-unreachable',
        `the registry was not read within ${seconds} s: ${status.reason}`,
      );
    }
    await sleep(clock, registryPollMs);
  }
}

function createResourceCheck(api: XdsApi): ResourceCheck {
  const validator = createValidator(api.types);
  return (typeName, bytes) =>
    validator.validate(api.types.message(typeName), api.decode(typeName, bytes)).map(formatProblem);
}

function readinessOf(registry: Registry, snapshots: SnapshotCache): Readiness {
  const status = registry.status();
  const reasons: string[] = [];
  if (status.kind === 'loading') reasons.push(`the registry was not read yet: ${status.reason}`);
  if (status.kind === 'closed') reasons.push('the control plane stops');
  if (!snapshots.status.isReady) reasons.push('no snapshot was published yet');
  return reasons.length === 0 ? { isReady: true } : { isReady: false, reasons };
}

async function listenRest(app: FastifyInstance, { bindAddress, restPort }: Settings): Promise<number> {
  try {
    await app.listen({ host: bindAddress, port: restPort });
  } catch (thrown) {
    throw new HeddleError(
      'port-in-use',
      `REST cannot listen on ${bindAddress} port ${restPort}: ${messageOf(thrown)}`,
      {
        cause: thrown,
      },
    );
  }
  const [address] = app.addresses();
  return typeof address === 'object' ? address.port : restPort;
}
