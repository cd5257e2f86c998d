import type { ConnectionInfo } from '../../downstream/network/connection-info.ts';
import { addFlag, startOf, StreamInfoRecord } from '../../downstream/http/stream-info-record.ts';
import type { Connection } from '../../transport/connection.ts';
import type { TcpProxyConfig } from './tcp-proxy.ts';

/** What is known of a connection when it begins. */
export function createTcpStreamInfo(
  { dependencies, filterChainName }: TcpProxyConfig,
  connection: Connection,
  connectionInfo: ConnectionInfo,
): StreamInfoRecord {
  const { wheel, rng } = dependencies;
  return new StreamInfoRecord({
    ...startOf(connection),
    startedAt: wheel.now(),
    startedAtMs: wheel.monotonicMs(),
    protocol: undefined,
    streamId: dependencies.nextStreamId(),
    randomValue: Math.floor(rng.next() * 2 ** 53),
    filterChainName,
    connectionInfo,
  });
}

/** `%ACCESS_LOG_TYPE%` of the lines of one connection. */
export type TcpLogType = 'TcpConnectionStart' | 'TcpUpstreamConnected' | 'TcpPeriodic' | 'TcpConnectionEnd';

/** The access logs of one connection. */
export class SessionLog {
  readonly #config: TcpProxyConfig;
  readonly #info: StreamInfoRecord;

  constructor(config: TcpProxyConfig, info: StreamInfoRecord) {
    this.#config = config;
    this.#info = info;
  }

  /** The last line. */
  end(): void {
    this.#info.endedMs = this.#config.dependencies.wheel.monotonicMs();
    this.write('TcpConnectionEnd');
  }

  write(type: TcpLogType): void {
    const { accessLoggers } = this.#config;
    if (accessLoggers.length === 0) return;
    const info = this.#info;
    const flag = info.connectionInfo?.flag;
    if (flag !== undefined) addFlag(info, flag);
    info.accessLogType = type;
    info.downstreamBytes = {
      bytesRead: info.bytesReceived,
      bytesWritten: info.bytesSent,
      headerBytesRead: 0,
      headerBytesWritten: 0,
      decompressedHeaderBytesRead: 0,
      decompressedHeaderBytesWritten: 0,
    };
    const context = {
      streamInfo: info,
      requestHeaders: undefined,
      responseHeaders: undefined,
      responseTrailers: undefined,
    };
    for (const logger of accessLoggers) logger.log(context);
  }
}
