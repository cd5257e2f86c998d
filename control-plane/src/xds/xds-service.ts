import {
  Server,
  ServerCredentials,
  status as grpcStatus,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerOptions,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock } from '@heddle/shared/time/clock';
import { loadLiveStatusService } from '@heddle/shared/status/live-status-service';
import { createAdsService } from '@heddle/shared/xds/ads-service';
import { createLoadStatsService } from '@heddle/shared/xds/load-stats-service';
import { createClientStatusHandler } from '@heddle/shared/xds/client-status-handler';
import { createClientStatusService } from '@heddle/shared/xds/client-status-service';
import {
  deltaMethod,
  sotwMethod,
  type DeltaMethod,
  type SotwMethod,
} from '@heddle/shared/xds/discovery-method';
import { separateServices } from '@heddle/shared/xds/separate-services';
import type { DeltaDiscoveryRequest, DiscoveryRequest } from '@heddle/shared/xds/api';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { SnapshotSource } from '../snapshot/snapshot-cache.ts';
import { buildEmptyAssignment } from './empty-assignment.ts';
import { describeClients } from './client-status.ts';
import type { DiscoveryFetch } from './discovery-fetch.ts';
import { createResponseEncoder } from './encode-response.ts';
import { createLiveStatusHandler } from './live-status.ts';
import type { LoadBoard } from './load-board.ts';
import { createLoadStatsHandler } from './load-stats-handler.ts';
import type { NodeStatusBoard } from './node-status.ts';
import type { XdsMetrics } from './xds-metrics.ts';
import {
  XdsStream,
  type StreamDependencies,
  type StreamRequest,
  type StreamTransport,
} from './xds-stream.ts';

export interface XdsServiceOptions {
  readonly api: XdsApi;
  readonly snapshots: SnapshotSource;
  readonly nodes: NodeStatusBoard;
  readonly fetch: DiscoveryFetch;
  readonly loads: LoadBoard;
  readonly loadReportIntervalMs: number;
  readonly metrics: XdsMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Shown to clients as the control plane's identifier. */
  readonly controlPlaneId: string;
  readonly ackTimeoutMs: number;
  /** Absent: in the clear. */
  readonly credentials?: ServerCredentials | undefined;
}

export interface XdsService {
  /** @returns the port; @throws HeddleError `port-in-use` */
  listen(address: string, port: number): Promise<number>;
  /** Ends every stream with UNAVAILABLE, which makes clients connect elsewhere, then closes the port. Idempotent. */
  stop(): Promise<void>;
}

/** Many clients refuse messages above gRPC's default of 4 MiB; delta and endpoint responses stay below. */
const maxResponseBytes = 3 * 1024 * 1024;
/** A request may list every resource that a client holds. */
const maxRequestBytes = 64 * 1024 * 1024;

/** How long clients have to close their connections when the server stops. */
const stopGraceMs = 1_000;

const serverOptions: ServerOptions = {
  'grpc.max_receive_message_length': maxRequestBytes,
  // A complete set of listeners or clusters cannot be split.
  'grpc.max_send_message_length': -1,
  // Streams are silent for hours; a vanished client must be noticed, and its idle connection kept open by others.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

type Call = ServerDuplexStream<object, object>;

/** The discovery services, aggregated and of single types, in both variants, on grpc-js. */
export function createXdsService(options: XdsServiceOptions): XdsService {
  const { api, metrics, credentials = ServerCredentials.createInsecure() } = options;
  const server = new Server(serverOptions);
  const open = new Set<Call>();
  // One for all services: what one stream has encoded serves the others too.
  const encoders = {
    sotw: createResponseEncoder(api, 'sotw', options.controlPlaneId),
    delta: createResponseEncoder(api, 'delta', options.controlPlaneId),
  };

  function serve(variant: 'sotw' | 'delta', typeUrl?: string): (call: Call) => void {
    const dependencies: StreamDependencies = {
      ...options,
      typeUrl,
      encoder: encoders[variant],
      emptyAssignment: (name) => buildEmptyAssignment(api, name),
      maxResponseBytes,
    };
    return (call) => {
      const stream = new XdsStream(variant, dependencies, transportOf(call));
      open.add(call);
      metrics.onStream(variant, 1);
      const onEnd = (): void => {
        if (!open.delete(call)) return;
        metrics.onStream(variant, -1);
        stream.close();
      };
      call.on('data', (request: DiscoveryRequest | DeltaDiscoveryRequest) => {
        try {
          stream.onRequest(toStreamRequest(request));
        } catch (thrown) {
          options.logger.error({ err: messageOf(thrown), peer: call.getPeer() }, 'stream failed');
          stream.close();
          call.emit('error', { code: grpcStatus.INTERNAL, details: 'internal error' });
        }
      });
      call.on('drain', () => stream.onDrain());
      call.on('end', () => call.end());
      for (const event of ['end', 'cancelled', 'close', 'error']) call.on(event, onEnd);
    };
  }

  const liveStatus = createLiveStatusHandler(options.nodes);
  server.addService(loadLiveStatusService(), { ReportLive: liveStatus.ReportLive });
  const clientStatus = createClientStatusHandler(
    (request) => describeClients(options.nodes, request),
    'the control plane stops',
  );
  const { StreamClientStatus, FetchClientStatus } = clientStatus;
  server.addService(createClientStatusService(api), { StreamClientStatus, FetchClientStatus });
  const loadStats = createLoadStatsHandler(options.loads, options.loadReportIntervalMs, options.logger);
  server.addService(createLoadStatsService(api), { StreamLoadStats: loadStats.StreamLoadStats });
  server.addService(createAdsService(api), {
    StreamAggregatedResources: serve('sotw'),
    DeltaAggregatedResources: serve('delta'),
  });
  for (const { service, stream, delta, fetch, typeUrl } of separateServices) {
    const methods: Record<string, SotwMethod | DeltaMethod> = { [delta]: deltaMethod(api, service, delta) };
    const handlers: UntypedServiceImplementation = { [delta]: serve('delta', typeUrl) };
    if (stream !== undefined) {
      methods[stream] = sotwMethod(api, service, stream);
      handlers[stream] = serve('sotw', typeUrl);
    }
    if (fetch !== undefined) {
      methods[fetch.method] = sotwMethod(api, service, fetch.method, 'fetch');
      handlers[fetch.method] = serveFetch(options.fetch, typeUrl);
    }
    server.addService(methods, handlers);
  }

  return {
    listen: (address, port) =>
      new Promise((resolve, reject) => {
        const target = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
        server.bindAsync(target, credentials, (error, boundPort) => {
          if (error === null) resolve(boundPort);
          else reject(toListenError(target, error));
        });
      }),
    stop: () =>
      new Promise((resolve) => {
        liveStatus.stop();
        clientStatus.stop();
        loadStats.stop();
        options.fetch.stop();
        for (const call of open) {
          call.emit('error', { code: grpcStatus.UNAVAILABLE, details: 'the control plane stops' });
        }
        // A client that does not let go of its connection must not hold up the stop.
        const deadline = options.clock.setTimer(stopGraceMs, () => server.forceShutdown());
        server.tryShutdown(() => {
          deadline.cancel();
          resolve();
        });
      }),
  };
}

function serveFetch(fetch: DiscoveryFetch, typeUrl: string) {
  return (call: ServerUnaryCall<DiscoveryRequest, object>, done: sendUnaryData<object>): void => {
    try {
      // There is no way to say that nothing changed.
      done(null, fetch.answer(typeUrl, call.request).response);
    } catch (thrown) {
      const code = thrown instanceof InvalidInputError ? grpcStatus.INVALID_ARGUMENT : grpcStatus.UNAVAILABLE;
      done({ code, details: messageOf(thrown) });
    }
  };
}

/** grpc-js wraps what the system said: `No address added … [listen EADDRINUSE: …]`. */
function toListenError(target: string, error: Error): HeddleError {
  const reason = /\[(.*)\]/.exec(error.message)?.[1] ?? error.message;
  return new HeddleError('port-in-use', `xDS cannot listen on ${target}: ${reason}`, { cause: error });
}

function transportOf(call: Call): StreamTransport {
  return {
    write: (response) => call.write(response),
    refuse: (message) => call.emit('error', { code: grpcStatus.INVALID_ARGUMENT, details: message }),
  };
}

function toStreamRequest(request: DiscoveryRequest | DeltaDiscoveryRequest): StreamRequest {
  if ('resourceNames' in request) {
    const { resourceNames: list, versionInfo: acceptedVersion } = request;
    return { ...request, names: { kind: 'sotw', list, acceptedVersion } };
  }
  return {
    ...request,
    names: {
      kind: 'delta',
      subscribe: request.resourceNamesSubscribe,
      unsubscribe: request.resourceNamesUnsubscribe,
      initialVersions: request.initialResourceVersions,
    },
  };
}
