import type { HttpProtocol, StreamBytes } from '../../codec/codec.ts';
import type { SocketAddress } from '../../transport/connection.ts';
import type { ConnectionOrigin } from '../../transport/connection-origin.ts';
import type { TlsFacts } from '../../transport/tls-facts.ts';
import type { ConnectionInfo } from '../network/connection-info.ts';
import type { RouteEntry } from './route-entry.ts';
import type { ResponseFlag } from './response-flag.ts';

/** What is known about one stream; access logs and header formatters read it. Times are monotonic ms. */
export interface StreamInfo {
  /** Epoch ms. */
  readonly startedAt: number;
  readonly startedAtMs: number;
  requestReceivedMs: number | undefined;
  /** The first and the last byte of the request went to the upstream. */
  firstUpstreamTxByteMs: number | undefined;
  lastUpstreamTxByteMs: number | undefined;
  firstUpstreamByteMs: number | undefined;
  lastUpstreamByteMs: number | undefined;
  firstDownstreamTxByteMs: number | undefined;
  endedMs: number | undefined;
  /** Undefined: the stream is a connection, and its protocol nobody's business. */
  readonly protocol: HttpProtocol | undefined;
  readonly connectionId: number;
  readonly streamId: number;
  /** Of the socket. */
  readonly downstreamDirectAddress: SocketAddress;
  /** Of a connection that somebody forwards. */
  readonly downstreamOrigin: ConnectionOrigin | undefined;
  /** The client speaks TLS with this proxy. */
  readonly isDownstreamSecure: boolean;
  readonly downstreamTls: TlsFacts | undefined;
  /** The client reset its connection, and with it the stream. */
  isDownstreamReset: boolean;
  readonly downstreamLocalAddress: SocketAddress;
  /** The trusted client: from `x-forwarded-for`, a PROXY header, or the peer. */
  downstreamRemoteAddress: SocketAddress;
  /** 0: none was sent. */
  responseStatus: number;
  responseDetails: string;
  /** In the order in which they were set. */
  flags: readonly ResponseFlag[];
  /** Of bodies. */
  bytesReceived: number;
  bytesSent: number;
  /** What the codecs count, as it is now; of the upstream with all attempts, undefined before the first. */
  downstreamBytes: Readonly<StreamBytes> | undefined;
  upstreamBytes: Readonly<StreamBytes> | undefined;
  /** The one chosen last. */
  route: RouteEntry | undefined;
  upstreamCluster: string;
  upstreamHost: SocketAddress | undefined;
  upstreamHostname: string;
  upstreamLocalAddress: SocketAddress | undefined;
  upstreamConnectionId: number | undefined;
  /** Of the attempts before, where they came to a connection; undefined for none. */
  earlierConnectionIds: number[] | undefined;
  upstreamTls: TlsFacts | undefined;
  /** The stream is a connection, and its upstream reset the other one. */
  isUpstreamReset: boolean;
  /** The current attempt began, and got its connection. */
  attemptStartedMs: number | undefined;
  poolReadyMs: number | undefined;
  /** Those before the current one; undefined while there was none. */
  earlierAttempts: { readonly host: SocketAddress; readonly hostname: string }[] | undefined;
  /** Of the cluster, by namespace. */
  upstreamClusterMetadata: Readonly<Record<string, unknown>>;
  /** By namespace. Absent: nothing has written any. */
  dynamicMetadata: Readonly<Record<string, unknown>> | undefined;
  upstreamProtocol: string;
  upstreamTransportFailureReason: string;
  upstreamAttemptCount: number;
  /** `%ACCESS_LOG_TYPE%`. */
  accessLogType: string;
  /** Of a stream that is a connection. */
  readonly connectionInfo: ConnectionInfo | undefined;
  isHealthCheck: boolean;
  isInternalRequest: boolean;
  localReplyBody: string;
  /** A 64-bit-like stable random of the stream, in [0, 2^53). Decides weighted clusters and fractions. */
  readonly randomValue: number;
  readonly filterChainName: string;
}
