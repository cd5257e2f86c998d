import { status as grpcStatus, type sendUnaryData, type ServerReadableStream } from '@grpc/grpc-js';
import type { LiveReport } from '@heddle/shared/status/live-status-service';
import type { NodeStatusBoard } from './node-status.ts';

type LiveCall = ServerReadableStream<LiveReport, object>;

export interface LiveStatusHandler {
  ReportLive(call: LiveCall, done: sendUnaryData<object>): void;
  /** Ends the open calls with UNAVAILABLE. */
  stop(): void;
}

/**
 * `heddle.status.v1.LiveStatusService`: sidecars say what all their workers serve. Only the first report of a
 * stream is sure to name its node.
 */
export function createLiveStatusHandler(nodes: NodeStatusBoard): LiveStatusHandler {
  const open = new Set<sendUnaryData<object>>();
  return {
    ReportLive(call, done) {
      let nodeId = '';
      open.add(done);
      call.on('data', (report: LiveReport) => {
        if (report.nodeId !== '') nodeId = report.nodeId;
        nodes.reportLive(nodeId, report.liveVersions);
      });
      call.on('end', () => {
        if (open.delete(done)) done(null, {});
      });
      call.on('cancelled', () => open.delete(done));
    },
    stop() {
      for (const done of open) done({ code: grpcStatus.UNAVAILABLE, details: 'the control plane stops' });
      open.clear();
    },
  };
}
