import { isMainThread, parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { LogLevel } from '@heddle/shared/logging/logger';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import { systemRng } from '@heddle/shared/random/rng';
import { systemClock } from '@heddle/shared/time/clock';
import { CodecWorkspace } from './codec/codec-workspace.ts';
import type { ConfigUpdate, MainToWorker, WorkerToMain } from './config/worker-protocol.ts';
import { LogFiles, logFileStats, type LogFlush } from './downstream/http/access-log/log-file.ts';
import type { HttpManagerDependencies } from './downstream/http/manager-config.ts';
import { RequestTurn } from './downstream/http/request-turn.ts';
import { DateText } from './downstream/http/response-headers.ts';
import { findNodeAddress } from './downstream/http/trusted-address.ts';
import { ConnectionLimits, type ConnectionLimitSettings } from './downstream/listener/connection-limits.ts';
import { WorkerListeners, type ListenFailure } from './downstream/listener/worker-listeners.ts';
import type { DrainStrategy } from './downstream/listener/drain.ts';
import { createHttpFilterFactories } from './http-filter-factories.ts';
import { createNetworkFilterFactory } from './network-filter-factories.ts';
import { DescriptorMonitor } from './overload/descriptor-monitor.ts';
import { HeapMonitor } from './overload/heap-monitor.ts';
import { OverloadManager } from './overload/overload-manager.ts';
import { ActiveRouteTables } from './router/active-route-tables.ts';
import { UdpProxyFilter } from './router/udp/udp-proxy.ts';
import { createStatsStore } from './stats/stats-store.ts';
import { TimerWheel } from './time/timer-wheel.ts';
import { threadFigures } from './thread-inspection.ts';
import { canInterceptAccept } from './transport/accepted-socket.ts';
import { findPausableHandles } from './transport/pausable-handle.ts';
import { ReadSlabs } from './transport/read-slabs.ts';
import { findReaderAttachment } from './transport/reader-attachment.ts';
import { SocketReader } from './transport/socket-reader.ts';
import { WorkerSecrets } from './transport/tls/worker-secrets.ts';
import { createTransportContext } from './transport/transport-context.ts';
import { openProcessLog, type LogOutput } from './process-log.ts';
import { WorkerClusters } from './upstream/thread-local-clusters.ts';
import { ClientCodecs } from './upstream/pool/client-codecs.ts';
import { createConnector } from './upstream-transport.ts';

/** What a worker is started with. */
export interface WorkerData {
  readonly index: number;
  readonly count: number;
  readonly hasReusePort: boolean;
  readonly logLevel: LogLevel;
  readonly log: LogOutput;
  readonly accessLogFlush: LogFlush;
  readonly drainTimeMs: number;
  readonly drainStrategy: DrainStrategy;
  readonly connectionLimits: ConnectionLimitSettings;
  /** The same in all workers: what one has encrypted, all resume. */
  readonly ticketSecretBase64: string;
}

/** Composition root of a worker thread: builds the request path and lets the main thread's messages change it. */
async function startWorker(port: MessagePort, data: WorkerData): Promise<void> {
  const log = openProcessLog(`worker_${data.index}`, data.logLevel, data.log);
  const { logger } = log;
  const wheel = new TimerWheel(systemClock);
  const rng = systemRng;
  const send = (message: WorkerToMain): void => port.postMessage(message);

  const store = createStatsStore({ onDeclared: () => queueMicrotask(declareStats) });
  function declareStats(): void {
    const declaration = store.takeDeclaration();
    if (declaration !== undefined) send(declaration);
  }

  const overload = new OverloadManager({
    clock: wheel,
    stats: store.root,
    logger,
    descriptors: new DescriptorMonitor(),
    heap: new HeapMonitor(wheel),
    onAccepting: (isAccepting) => listeners.setAccepting(isAccepting),
  });
  const createReader = (): SocketReader => new SocketReader(new ReadSlabs(wheel));
  const transport = createTransportContext(wheel, {
    workerIndex: data.index,
    workerCount: data.count,
    pausableHandles: await findPausableHandles(),
    onDescriptor: (descriptor) => overload.onDescriptor(descriptor),
    hasFastAccept: await canInterceptAccept(createReader),
    readerAttachment: await findReaderAttachment(createReader),
  });
  const secrets = new WorkerSecrets(Buffer.from(data.ticketSecretBase64, 'base64'));
  const workspace = new CodecWorkspace();
  const clusters = new WorkerClusters({
    workerIndex: data.index,
    workerCount: data.count,
    clock: wheel,
    rng,
    stats: store.root,
    connector: createConnector(transport, secrets),
    onHostFailed: (cluster, host) => send({ kind: 'host-failed', cluster, host }),
    codecs: new ClientCodecs(workspace, wheel, rng),
  });
  const routes = new ActiveRouteTables();
  const logFiles = new LogFiles({
    clock: wheel,
    stats: logFileStats.create(store.root.scope('filesystem.')),
    logger,
    flush: data.accessLogFlush,
  });
  let lastStreamId = 0;
  const http: HttpManagerDependencies = {
    wheel,
    rng,
    stats: store.root,
    date: new DateText(wheel),
    workspace,
    routes,
    logFiles,
    logger,
    filters: createHttpFilterFactories(clusters, store.root),
    nodeAddress: findNodeAddress(),
    nextStreamId: () => ++lastStreamId,
    requestTurn: new RequestTurn(systemClock),
  };
  const listeners = new WorkerListeners({
    transport,
    secrets,
    wheel,
    rng,
    stats: store.root,
    logger,
    workerIndex: data.index,
    workerCount: data.count,
    hasReusePort: data.hasReusePort,
    drainTimeMs: data.drainTimeMs,
    drainStrategy: data.drainStrategy,
    limits: new ConnectionLimits(data.connectionLimits, data.index),
    createNetworkFilter: createNetworkFilterFactory({
      http,
      tcp: { wheel, rng, stats: store.root, clusters, logFiles, nextStreamId: http.nextStreamId },
      workerIndex: data.index,
    }),
    createUdpFilter: (proxy, sender) =>
      new UdpProxyFilter(
        proxy,
        { wheel, rng, stats: store.root, clusters, logFiles, nextStreamId: http.nextStreamId },
        sender,
      ),
    onDrained: (isListening) => send({ kind: 'drained', isListening }),
  });

  let acknowledged: Promise<void> = Promise.resolve();

  /** Everything is swapped when this returns; only the opening of new sockets takes longer, and the answer waits for it. */
  function apply(update: ConfigUpdate): void {
    for (const { key, value } of update.secrets) secrets.set(key, value);
    for (const cluster of update.clusters) clusters.apply(cluster);
    routes.apply(update.routeTables);
    const opened = listeners.apply(update.listeners, update.removedListeners);
    routes.remove(update.removedRouteTables);
    for (const name of update.removedClusters) clusters.remove(name);
    for (const key of update.removedSecrets) secrets.remove(key);
    acknowledged = acknowledged.then(async () => {
      reportFailures(await opened);
      send({ kind: 'applied', generation: update.generation });
    });
  }

  function reportFailures(failures: readonly ListenFailure[]): void {
    for (const { listener, message } of failures) send({ kind: 'listen-failed', listener, message });
  }

  function stop(): void {
    listeners.close();
    clusters.close();
    port.close();
  }

  function handle(message: MainToWorker): void {
    switch (message.kind) {
      case 'update':
        apply(message);
        break;
      case 'drain':
        listeners.drain(message.strategy, message.drainTimeMs, message.inboundOnly);
        break;
      case 'stop-listening':
        void listeners.stopListening(message.inboundOnly);
        break;
      case 'health-fail':
        listeners.setHealthFailed(message.isFailed);
        break;
      case 'reopen-logs':
        logFiles.reopen();
        log.reopen();
        break;
      case 'log-level':
        logger.level = message.level;
        break;
      case 'inspect':
        send({ kind: 'inspected', figures: threadFigures(wheel.pendingTimerCount) });
        break;
      case 'stop':
        stop();
        break;
    }
  }

  port.on('message', handle);
  // The last lines are written when the last connections are gone.
  process.once('exit', () => logFiles.close());
  send({ kind: 'ready' });
}

if (isMainThread || parentPort === null)
  throw new Error(`${import.meta.filename} runs as a worker thread only`);
try {
  await startWorker(parentPort, workerData as WorkerData);
} catch (error) {
  throw new Error(`worker cannot start: ${messageOf(error)}`, { cause: error });
}
