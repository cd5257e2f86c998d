import { randomBytes } from 'node:crypto';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { formatProblem } from '@heddle/shared/errors/problem';
import type { Logger } from '@heddle/shared/logging/logger';
import type { Rng } from '@heddle/shared/random/rng';
import type { Clock } from '@heddle/shared/time/clock';
import { createCountingClock } from '@heddle/shared/time/counting-clock';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { startAdminInterface, type AdminInterface } from './admin-interface.ts';
import { CodecWorkspace } from './codec/codec-workspace.ts';
import { createActiveConfig } from './config/active-config.ts';
import type { Ads } from './config/ads/create-ads.ts';
import { waitForClusters } from './config/cluster-wait.ts';
import type { LiveReporter } from './config/live/live-reporter.ts';
import type { LoadReporter } from './config/loads/load-reporter.ts';
import { createLiveTracker } from './config/live/live-tracker.ts';
import { formatAddress } from './config/model/address.ts';
import { effectiveRuntime, type Bootstrap } from './config/model/bootstrap.ts';
import type { ResourceTypes } from './config/resources/resource-types.ts';
import { createRouteTables } from './config/route-tables.ts';
import { createScopedRoutes } from './config/scoped-routes.ts';
import { createResourceSources } from './config/sources/resource-sources.ts';
import type { WorkerToMain } from './config/worker-protocol.ts';
import { readConnectionLimits } from './downstream/listener/connection-limits.ts';
import { findUnwritableLogs } from './downstream/listener/unwritable-logs.ts';
import { createListenerManager } from './downstream/listener/listener-manager.ts';
import { openSavedConfig } from './open-saved-config.ts';
import { createManagementServerTls } from './management-server-tls.ts';
import { startLoadReporting } from './load-reporting.ts';
import { createProxyControl, type DrainingControl } from './proxy-control.ts';
import { probeAddress } from './probe-address.ts';
import { isTypeSettled } from './settled-types.ts';
import { createServerStatus } from './server-state.ts';
import type { SidecarSettings } from './settings.ts';
import { createStatsReader } from './stats/stats-reader.ts';
import { createStatsStore } from './stats/stats-store.ts';
import { TimerWheel } from './time/timer-wheel.ts';
import { createThreadInspection } from './thread-inspection.ts';
import { WorkerSecrets } from './transport/tls/worker-secrets.ts';
import { createTransportContext } from './transport/transport-context.ts';
import { ClusterManager } from './upstream/cluster-manager.ts';
import { createSystemDnsResolver } from './upstream/discovery/dns-resolver.ts';
import { EdsAssignments } from './upstream/discovery/eds-assignments.ts';
import { formatHealthCheckEvent } from './upstream/health/health-check-event.ts';
import { ClientCodecs } from './upstream/pool/client-codecs.ts';
import { createSecrets } from './secrets.ts';
import { ticketSecretBytes } from './transport/tls/session-tickets.ts';
import { createConnector } from './upstream-transport.ts';
import { startWorkerPool, workerUrl } from './worker-pool.ts';
import type { WorkerData } from './worker.ts';

export interface DataPlaneOptions {
  readonly settings: SidecarSettings;
  readonly bootstrap: Bootstrap;
  readonly resourceTypes: ResourceTypes;
  readonly api: XdsApi;
  readonly version: string;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  /** Opens the log of the process anew. */
  reopenLog(): void;
}

export interface DataPlane {
  /** Resolves once everything has ended; with the reason when it could not go on. */
  readonly ended: Promise<HeddleError | undefined>;
  readonly control: Pick<DrainingControl, 'shutDown' | 'quit' | 'reopenLogs'>;
  /** Where the admin interface listens. */
  readonly adminAddress: string | undefined;
}

/** A route table waits this long for clusters that it newly names. */
const clusterWaitMs = 5000;
const workerStopDeadlineMs = 2000;

/**
 * Composition root of the main thread: builds the config path, starts the workers, and joins the two.
 *
 * @throws HeddleError `port-in-use` when the admin interface cannot listen
 */
export async function startDataPlane(options: DataPlaneOptions): Promise<DataPlane> {
  const { settings, bootstrap, resourceTypes, rng, logger } = options;
  const clock = createCountingClock(options.clock);
  // Before anything runs: what is below is built in one turn.
  const xds = bootstrap.ads === undefined ? undefined : await import('./xds-clients.ts');
  const saving = await openSavedConfig({ ...options, clock });
  const { concurrency } = settings;
  const { promise: ended, resolve: end } = Promise.withResolvers<HeddleError | undefined>();

  // Statistics of all threads.
  const stats = createStatsReader();
  const store = createStatsStore({ onDeclared: () => queueMicrotask(declareStats) });
  function declareStats(): void {
    const declaration = store.takeDeclaration();
    if (declaration !== undefined) stats.onDeclaration('main', declaration);
  }
  const server = createServerStatus({ clock, stats: store.root, concurrency, version: options.version });

  // Workers, and the configuration that they serve.
  const activeConfig = createActiveConfig({
    workerCount: concurrency,
    send: (worker, message) => workers.send(worker, message),
    allClusters: () => clusters.activeUpdates(),
  });
  function onWorkerMessage(worker: number, message: WorkerToMain): void {
    switch (message.kind) {
      case 'ready':
        control.onWorkerReady(worker);
        activeConfig.onWorkerReady(worker);
        break;
      case 'applied':
        activeConfig.onWorkerApplied(worker, message.generation);
        live.onChange();
        break;
      case 'listen-failed':
        logger.error({ worker, listener: message.listener, err: message.message }, 'worker cannot listen');
        break;
      case 'host-failed':
        clusters.onHostFailed(message.cluster, message.host);
        break;
      case 'stats':
        stats.onDeclaration(`worker_${worker}`, message);
        break;
      case 'inspected':
        threads.onReport(worker, message.figures);
        break;
      case 'drained':
        control.onDrained(worker, message.isListening);
        break;
    }
  }
  const connectionLimits = readConnectionLimits(effectiveRuntime(bootstrap.runtime), concurrency);
  const ticketSecretBase64 = randomBytes(ticketSecretBytes).toString('base64');
  const workers = startWorkerPool({
    count: concurrency,
    url: workerUrl(import.meta.url, 'worker'),
    workerData: (index): WorkerData => ({
      index,
      count: concurrency,
      hasReusePort: concurrency > 1,
      logLevel: settings.logLevel,
      log: settings.log,
      accessLogFlush: settings.accessLogFlush,
      drainTimeMs: settings.drainTimeMs,
      drainStrategy: settings.drainStrategy,
      connectionLimits,
      ticketSecretBase64,
    }),
    clock,
    logger,
    handlers: {
      onMessage: onWorkerMessage,
      onGone(worker) {
        if (!isStopping) server.onWorkerDied();
        stats.onThreadGone(`worker_${worker}`);
        activeConfig.onWorkerGone(worker);
        clusters.onWorkerDied(worker);
      },
      onHopeless: () => stop(new HeddleError('internal', 'worker threads die too often; the log says why')),
    },
  });
  const threads = createThreadInspection(workers, clock, () => clock.pendingTimerCount);

  // Where resources come from.
  const saved = saving?.(store.root);
  const ownSecrets = new WorkerSecrets();
  const serverTls = createManagementServerTls({ ...options, ownSecrets, stats: store.root });
  const connectSecurely = bootstrap.ads && serverTls(bootstrap.ads.clusterName);
  const ads: Ads | undefined =
    bootstrap.ads &&
    xds?.createAds({
      ...options,
      config: bootstrap.ads,
      node: bootstrap.node,
      resourceTypes: Object.values(resourceTypes),
      clock,
      stats: store.root,
      onProcessed: () => live.onChange(),
      saved: saved?.source('ads'),
      connectSecurely,
    });

  const sources = createResourceSources({ ...options, clock, stats: store.root, ads, saved, serverTls });

  // Secrets, and clusters, whose health checks need them too.
  const secrets = createSecrets({
    resourceTypes,
    sources,
    clock,
    logger,
    stats: store.root,
    activeConfig,
    ownSecrets,
  });
  const transport = createTransportContext(new TimerWheel(clock));
  const clusters = new ClusterManager({
    workerCount: concurrency,
    clock,
    rng,
    stats: store.root,
    assignments: new EdsAssignments(sources.sourceOf(resourceTypes.endpoints)),
    resolver: createSystemDnsResolver(),
    connector: createConnector(transport, ownSecrets),
    codecs: new ClientCodecs(new CodecWorkspace(), clock, rng),
    acquireSecrets: (owner, contexts, onReady) => secrets.acquire(owner, contexts, onReady),
    onHealthCheckEvent: (event) => logger.info({ event: formatHealthCheckEvent(event) }, 'health check'),
    onAllWorkersApplied: (callback) => activeConfig.whenApplied(activeConfig.generation, callback),
    publish: (update) => void activeConfig.publish({ clusters: [update] }),
    publishRemoval: (name) => void activeConfig.publish({ removedClusters: [name] }),
    neededClusters: () => new Set([...routeTables.namedClusters(), ...listeners.namedClusters()]),
    onPrimaryReady: startAds,
    onStaticReady: subscribeClusters,
    onAllReady: startListeners,
  });
  const availability = {
    isActive: (name: string) => clusters.isActive(name),
    isKnown: (name: string) => clusters.stateOf(name) !== 'unknown',
    onActive: (listener: (name: string) => void) => clusters.onActive(listener),
  };

  // Routes and listeners.
  const routeTables = createRouteTables({
    sourceOf: sources.sourceOf(resourceTypes.routeTable),
    clusters: availability,
    activeConfig,
    clock,
    logger,
    stats: store.root,
    clusterWaitMs,
  });
  const scopedRoutes = createScopedRoutes({
    sourceOf: sources.sourceOf(resourceTypes.scopedRoutes),
    routeTables,
    activeConfig,
    logger,
    stats: store.root,
  });
  routeTables.onNamesDropped(() => clusters.retryRemovals());
  const listeners = createListenerManager({
    dependencies: {
      acquireRoutes: (need, onReady) =>
        'scoped' in need ? scopedRoutes.acquire(need, onReady) : routeTables.acquire(need, onReady),
      waitForClusters: (names, onDone) => waitForClusters(names, availability, clock, clusterWaitMs, onDone),
      acquireSecrets: (owner, contexts, onReady) => secrets.acquire(`listener ${owner}`, contexts, onReady),
      probeAddress,
      publish: (change) => activeConfig.publish(change),
      whenApplied: (generation, callback) => activeConfig.whenApplied(generation, callback),
    },
    clock,
    logger,
    stats: store.root,
    drainTimeMs: settings.drainTimeMs,
    onBindFailure: ({ name, isStatic }, message) => {
      // A file that asks for a taken port will not get better; xDS may.
      if (isStatic && server.state !== 'LIVE') {
        stop(new HeddleError('port-in-use', `listener '${name}': ${message}`));
      }
    },
    onNamesDropped: () => clusters.retryRemovals(),
  });

  // What is live.
  const live = createLiveTracker(
    {
      acceptedVersions: () => ads?.acceptedVersions() ?? new Map<string, string>(),
      isSettled: (typeUrl) => isTypeSettled(typeUrl, { clusters, listeners, routeTables }),
      get generation() {
        return activeConfig.generation;
      },
      whenApplied: (generation, callback) => activeConfig.whenApplied(generation, callback),
    },
    (changed) => liveReporter?.report(changed),
  );
  const liveReporter: LiveReporter | undefined =
    ads === undefined
      ? undefined
      : xds?.createLiveReporter({
          nodeId: bootstrap.node.id,
          address: () => ads.connectedAddress,
          liveVersions: () => live.liveVersions,
          connectSecurely,
          clock,
          logger,
        });

  // The start, step by step; each is called when the one before has finished.
  function startAds(): void {
    ads?.start();
    loadReporting = startLoadReporting(options, { clusters, reader: stats, stats: store.root, serverTls });
    clusters.startSecondary(bootstrap.cds !== undefined);
  }

  function subscribeClusters(): void {
    if (bootstrap.cds !== undefined)
      sources.subscribeToAll(resourceTypes.cluster, clusters, bootstrap.cds, 'cluster_manager.cds.');
  }

  function startListeners(): void {
    server.state = 'INITIALIZING';
    for (const { value, bytes } of bootstrap.staticListeners) {
      const [problem] = findUnwritableLogs(value);
      if (problem !== undefined) {
        stop(new HeddleError('file-unusable', `listener '${value.name}': ${formatProblem(problem)}`));
        return;
      }
      listeners.addStatic({ name: value.name, version: '', value, bytes });
    }
    if (bootstrap.lds === undefined) {
      listeners.whenWarm(goLive);
      return;
    }
    listeners.whenAnswered(() => listeners.whenWarm(goLive));
    sources.subscribeToAll(resourceTypes.listener, listeners, bootstrap.lds, 'listener_manager.lds.');
  }

  function goLive(): void {
    activeConfig.whenApplied(activeConfig.generation, () => {
      if (server.state !== 'INITIALIZING') return;
      server.state = 'LIVE';
      saved?.onLive();
      logger.info({ node: bootstrap.node.id, uptimeSeconds: server.uptimeSeconds }, 'ready');
    });
  }

  let loadReporting: LoadReporter | undefined;
  let isStopping = false;
  function stop(reason: HeddleError | undefined): void {
    if (isStopping) return;
    isStopping = true;
    liveReporter?.stop();
    loadReporting?.stop();
    ads?.stop();
    sources.stop();
    clusters.stop();
    secrets.stop();
    void Promise.all([workers.stop(workerStopDeadlineMs), admin?.stop(), saved?.stop()]).then(() =>
      end(reason),
    );
  }

  const control = createProxyControl({
    settings,
    server,
    clock,
    logger,
    workers,
    listeners,
    reopenLog: () => options.reopenLog(),
    stop: () => stop(undefined),
  });

  let admin: AdminInterface | undefined;
  try {
    admin = await startAdminInterface(settings, {
      api: options.api,
      version: options.version,
      commandLineOptions: settings.commandLineOptions,
      bootstrap,
      loadedAt: clock.now(),
      server,
      stats,
      declareStats,
      clusters,
      listeners,
      routeTables,
      secrets,
      typeStatuses: () => [...(ads?.status().types ?? []), ...sources.status()],
      savedConfig: saved,
      threads: () => threads.inspect(),
      control,
      logger,
    });
  } catch (error) {
    stop(undefined);
    await ended;
    throw HeddleError.from(error);
  }
  clusters.loadStatic(
    bootstrap.staticClusters.map((value, index) => ({
      name: value.name,
      version: '',
      value,
      get bytes() {
        return bootstrap.wire.cluster(index);
      },
    })),
  );
  return {
    ended,
    control,
    adminAddress: admin.address && formatAddress(admin.address),
  };
}
