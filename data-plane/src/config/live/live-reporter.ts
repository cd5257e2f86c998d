import { Client, status, type ClientWritableStream } from '@grpc/grpc-js';
import type { Logger } from '@heddle/shared/logging/logger';
import { loadLiveStatusService, type LiveReport } from '@heddle/shared/status/live-status-service';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import { createChannelCredentials } from '../ads/channel-credentials.ts';
import type { ConnectSecurely } from '../sources/connect-securely.ts';

/**
 * Tells a Heddle control plane which versions are live. A control plane that does not know the service is asked
 * once and left alone; one that is away is told everything when it is back.
 */
export interface LiveReporter {
  report(changed: ReadonlyMap<string, string>): void;
  stop(): void;
}

export interface LiveReporterOptions {
  readonly nodeId: string;
  /** `host:port` of the server that the ADS stream is connected to; undefined while it is not. */
  address(): string | undefined;
  /** Everything that is live, for a new stream. */
  liveVersions(): ReadonlyMap<string, string>;
  /** Absent: plain TCP. */
  readonly connectSecurely?: ConnectSecurely | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const retryMs = 2000;

export function createLiveReporter(options: LiveReporterOptions): LiveReporter {
  const { ReportLive } = loadLiveStatusService();
  let client: Client | undefined;
  let stream: ClientWritableStream<LiveReport> | undefined;
  let retry: Timer | undefined;
  let isUnwanted = false;

  function close(): void {
    stream = undefined;
    client?.close();
    client = undefined;
  }

  function onEnd(code: status): void {
    if (client === undefined) return;
    close();
    if (code === status.UNIMPLEMENTED) {
      isUnwanted = true;
      options.logger.info('the control plane takes no live reports');
      return;
    }
    openLater();
  }

  function openLater(): void {
    retry ??= options.clock.setTimer(retryMs, () => {
      retry = undefined;
      open();
    });
  }

  function open(): void {
    if (isUnwanted || stream !== undefined) return;
    const address = options.address();
    if (address === undefined) {
      openLater();
      return;
    }
    const opened = new Client(address, createChannelCredentials(options.connectSecurely));
    client = opened;
    stream = opened.makeClientStreamRequest(
      ReportLive.path,
      ReportLive.requestSerialize,
      ReportLive.responseDeserialize,
      (error) => {
        if (client === opened) onEnd(error === null ? status.OK : error.code);
      },
    );
    stream.write({ nodeId: options.nodeId, liveVersions: Object.fromEntries(options.liveVersions()) });
  }

  return {
    report(changed) {
      if (stream === undefined) open();
      else stream.write({ nodeId: options.nodeId, liveVersions: Object.fromEntries(changed) });
    },
    stop() {
      isUnwanted = true;
      retry?.cancel();
      stream?.cancel();
      close();
    },
  };
}
