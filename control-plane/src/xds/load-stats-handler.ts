import { status as grpcStatus, type ServerDuplexStream } from '@grpc/grpc-js';
import type { Logger } from '@heddle/shared/logging/logger';
import type { LoadStatsRequest } from '@heddle/shared/xds/api';
import { fromMs } from '@heddle/shared/xds/milliseconds';
import type { LoadBoard } from './load-board.ts';

type LoadStream = ServerDuplexStream<LoadStatsRequest, object>;

export interface LoadStatsHandler {
  StreamLoadStats(call: LoadStream): void;
  /** Ends the open streams with UNAVAILABLE. */
  stop(): void;
}

/** `envoy.service.load_stats.v3.LoadReportingService`: asks each proxy for all its clusters, and keeps what it says. */
export function createLoadStatsHandler(
  board: LoadBoard,
  reportIntervalMs: number,
  logger: Logger,
): LoadStatsHandler {
  const open = new Set<LoadStream>();
  return {
    StreamLoadStats(call) {
      let isFirst = true;
      open.add(call);
      call.on('data', (request: LoadStatsRequest) => {
        if (isFirst) {
          isFirst = false;
          logger.info({ node: request.node?.id }, 'proxy reports its load');
          call.write({ sendAllClusters: true, loadReportingInterval: fromMs(reportIntervalMs) });
        }
        for (const stats of request.clusterStats) board.report(call, stats);
      });
      call.on('end', () => call.end());
      for (const event of ['end', 'cancelled', 'close', 'error']) {
        call.on(event, () => {
          if (open.delete(call)) board.forget(call);
        });
      }
    },
    stop() {
      for (const call of open)
        call.emit('error', { code: grpcStatus.UNAVAILABLE, details: 'the control plane stops' });
    },
  };
}
