import { InvalidInputError } from '@heddle/shared/errors/problem';
import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { LoadStatsRequest, LoadStatsResponse, Node } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { toMs } from '@heddle/shared/xds/milliseconds';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { describeStats } from '../../stats/describe-stats.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { AdsTransport } from '../ads/ads-transport.ts';
import { LoadReport, type LoadedCluster, type LoadRequest } from './load-report.ts';

export const loadReporterStats = describeStats(['load_reporter.'], (make) => ({
  requests: make.counter('requests', 'Answers of the server that asked for reports.'),
  responses: make.counter('responses', 'Messages that were sent to it.'),
  errors: make.counter('errors', 'Times that the stream was lost or could not be opened.'),
}));

export interface LoadReporter {
  stop(): void;
}

export interface LoadReporterOptions {
  readonly transport: AdsTransport;
  readonly node: MessageInit<Node>;
  readonly api: XdsApi;
  clusters(): readonly LoadedCluster[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** The root scope. */
  readonly stats: StatsScope;
}

/** A server that asks for less is not obeyed: reports would cost more than they tell. */
const minIntervalMs = 100;

/** Gauges of load for a management server (LRS): reports what it asks for, as often as it wants, over one stream. */
export function startLoadReporter(options: LoadReporterOptions): LoadReporter {
  const { transport, node, api, clusters, clock, logger } = options;
  const stats = loadReporterStats.create(options.stats.scope('load_reporter.'));
  const report = new LoadReport();
  let request: LoadRequest = { isForAll: false, clusters: new Set(), hasEndpoints: false };
  let intervalMs = 0;
  let timer: Timer | undefined;

  function send(message: MessageInit<LoadStatsRequest>): void {
    stats.responses.inc();
    transport.send(api.encode('envoy.service.load_stats.v3.LoadStatsRequest', message));
  }

  function planReport(): void {
    timer?.cancel();
    timer = clock.setTimer(intervalMs, () => {
      send({ clusterStats: report.take(clusters(), request, clock.monotonicMs()) });
      planReport();
    });
  }

  function onRequest(response: LoadStatsResponse): void {
    const wantedMs = response.loadReportingInterval === undefined ? 0 : toMs(response.loadReportingInterval);
    if (wantedMs <= 0) {
      transport.restart('the server asks for reports without an interval');
      return;
    }
    stats.requests.inc();
    intervalMs = Math.max(minIntervalMs, wantedMs);
    request = {
      isForAll: response.sendAllClusters,
      clusters: new Set(response.clusters),
      hasEndpoints: response.reportEndpointGranularity,
    };
    report.begin(clusters(), request, clock.monotonicMs());
    planReport();
  }

  transport.start({
    onOpen: () => send({ node }),
    onMessage(bytes) {
      let response: LoadStatsResponse;
      try {
        response = api.decode('envoy.service.load_stats.v3.LoadStatsResponse', bytes);
      } catch (thrown) {
        if (!(thrown instanceof InvalidInputError)) throw thrown;
        transport.restart(thrown.message);
        return;
      }
      logger.debug({ clusters: response.clusters, isForAll: response.sendAllClusters }, 'load is asked for');
      onRequest(response);
    },
    // What happens meanwhile is in the first report after the next request.
    onClose() {
      stats.errors.inc();
      timer?.cancel();
    },
  });
  return {
    stop() {
      timer?.cancel();
      transport.stop();
    },
  };
}
