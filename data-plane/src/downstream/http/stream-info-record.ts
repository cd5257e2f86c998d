import type { HttpProtocol, StreamBytes } from '../../codec/codec.ts';
import type { Connection, SocketAddress } from '../../transport/connection.ts';
import { directRemoteAddressOf, type ConnectionOrigin } from '../../transport/connection-origin.ts';
import type { TlsFacts } from '../../transport/tls-facts.ts';
import type { ConnectionInfo } from '../network/connection-info.ts';
import type { ResponseFlag } from './response-flag.ts';
import type { RouteEntry } from './route-entry.ts';
import type { StreamInfo } from './stream-info.ts';

/** What is known of a stream when it begins; a connection keeps one, and fills it in anew for each stream. */
export interface StreamStart {
  startedAt: number;
  startedAtMs: number;
  readonly protocol: HttpProtocol | undefined;
  readonly connectionId: number;
  streamId: number;
  readonly downstreamDirectAddress: SocketAddress;
  /** Absent: the same. */
  readonly downstreamRemoteAddress?: SocketAddress;
  readonly downstreamOrigin?: ConnectionOrigin | undefined;
  readonly isDownstreamSecure?: boolean;
  readonly downstreamTls?: TlsFacts | undefined;
  readonly downstreamLocalAddress: SocketAddress;
  randomValue: number;
  readonly filterChainName: string;
  readonly connectionInfo?: ConnectionInfo;
}

/** What every stream of a connection starts with. */
export function startOf(
  connection: Connection,
): Pick<
  StreamStart,
  | 'connectionId'
  | 'downstreamDirectAddress'
  | 'downstreamRemoteAddress'
  | 'downstreamOrigin'
  | 'isDownstreamSecure'
  | 'downstreamTls'
  | 'downstreamLocalAddress'
> {
  return {
    connectionId: connection.id,
    downstreamDirectAddress: directRemoteAddressOf(connection),
    downstreamRemoteAddress: connection.remoteAddress,
    downstreamOrigin: connection.origin,
    isDownstreamSecure: connection.isSecure,
    downstreamTls: connection.tls,
    downstreamLocalAddress: connection.localAddress,
  };
}

const noMetadata = Object.freeze({});
const noFlags: readonly ResponseFlag[] = Object.freeze([]);

/** The one `StreamInfo`: a plain record that the manager and the router fill in. */
export class StreamInfoRecord implements StreamInfo {
  readonly startedAt: number;
  readonly startedAtMs: number;
  readonly protocol: HttpProtocol | undefined;
  readonly connectionId: number;
  readonly streamId: number;
  readonly downstreamDirectAddress: SocketAddress;
  readonly downstreamLocalAddress: SocketAddress;
  readonly randomValue: number;
  readonly filterChainName: string;
  readonly isDownstreamSecure: boolean;
  readonly downstreamTls: TlsFacts | undefined;
  readonly downstreamOrigin: ConnectionOrigin | undefined;
  isDownstreamReset = false;
  isUpstreamReset = false;
  downstreamRemoteAddress: SocketAddress;
  requestReceivedMs: number | undefined = undefined;
  firstUpstreamTxByteMs: number | undefined = undefined;
  lastUpstreamTxByteMs: number | undefined = undefined;
  firstUpstreamByteMs: number | undefined = undefined;
  lastUpstreamByteMs: number | undefined = undefined;
  firstDownstreamTxByteMs: number | undefined = undefined;
  endedMs: number | undefined = undefined;
  responseStatus = 0;
  responseDetails = '';
  flags: readonly ResponseFlag[] = noFlags;
  readonly connectionInfo: ConnectionInfo | undefined;
  accessLogType = 'DownstreamEnd';
  bytesReceived = 0;
  bytesSent = 0;
  downstreamBytes: Readonly<StreamBytes> | undefined = undefined;
  upstreamBytes: Readonly<StreamBytes> | undefined = undefined;
  route: RouteEntry | undefined = undefined;
  upstreamCluster = '';
  upstreamHost: SocketAddress | undefined = undefined;
  upstreamHostname = '';
  upstreamLocalAddress: SocketAddress | undefined = undefined;
  upstreamConnectionId: number | undefined = undefined;
  earlierConnectionIds: number[] | undefined = undefined;
  upstreamTls: TlsFacts | undefined = undefined;
  attemptStartedMs: number | undefined = undefined;
  poolReadyMs: number | undefined = undefined;
  earlierAttempts: { readonly host: SocketAddress; readonly hostname: string }[] | undefined = undefined;
  upstreamClusterMetadata: Readonly<Record<string, unknown>> = noMetadata;
  dynamicMetadata: Readonly<Record<string, unknown>> | undefined = undefined;
  upstreamProtocol = '';
  upstreamTransportFailureReason = '';
  upstreamAttemptCount = 0;
  isHealthCheck = false;
  isInternalRequest = false;
  localReplyBody = '';

  constructor(start: StreamStart) {
    this.startedAt = start.startedAt;
    this.startedAtMs = start.startedAtMs;
    this.protocol = start.protocol;
    this.connectionId = start.connectionId;
    this.streamId = start.streamId;
    this.downstreamDirectAddress = start.downstreamDirectAddress;
    this.downstreamLocalAddress = start.downstreamLocalAddress;
    this.randomValue = start.randomValue;
    this.filterChainName = start.filterChainName;
    this.isDownstreamSecure = start.isDownstreamSecure === true;
    this.downstreamTls = start.downstreamTls;
    this.connectionInfo = start.connectionInfo;
    this.downstreamOrigin = start.downstreamOrigin;
    this.downstreamRemoteAddress = start.downstreamRemoteAddress ?? start.downstreamDirectAddress;
  }
}

/** Sets a flag once; flags keep the order in which they were set. */
export function addFlag(info: StreamInfo, flag: ResponseFlag): void {
  if (!info.flags.includes(flag)) info.flags = [...info.flags, flag];
}

/** Another attempt begins: the host of the one before it is remembered. */
export function rememberAttempt(info: StreamInfo): void {
  if (info.upstreamHost === undefined) return;
  (info.earlierAttempts ??= []).push({ host: info.upstreamHost, hostname: info.upstreamHostname });
}
