import { StreamInfoRecord } from '../../downstream/http/stream-info-record.ts';
import type { AccessLogger } from '../../downstream/http/access-log/access-logger.ts';
import type { StreamInfo } from '../../downstream/http/stream-info.ts';
import type { SocketAddress } from '../../transport/connection.ts';
import type { Host } from '../../upstream/upstream.ts';
import type { UdpProxyFilter } from './udp-proxy.ts';
import type { UdpCounts, UdpSessionOwner } from './udp-session.ts';

const nobody: SocketAddress = { address: '', port: 0 };

/** What is known of a session when it begins. */
export function createUdpStreamInfo(
  owner: UdpSessionOwner,
  host: Host | undefined,
  peer: SocketAddress,
): StreamInfoRecord {
  const info = startInfo(owner, peer, owner.sender.localAddress);
  info.upstreamHost = host?.address;
  info.upstreamHostname = host?.hostname ?? '';
  return info;
}

/** `%DYNAMIC_METADATA(udp.proxy.session)%` holds the numbers. */
export function writeSessionLog(
  { accessLoggers, dependencies }: UdpSessionOwner,
  info: StreamInfoRecord,
  counts: UdpCounts,
  clusterName: string,
): void {
  if (accessLoggers.length === 0) return;
  info.endedMs = dependencies.wheel.monotonicMs();
  info.accessLogType = 'UdpSessionEnd';
  info.dynamicMetadata = {
    'udp.proxy.session': {
      bytes_received: info.bytesReceived,
      bytes_sent: info.bytesSent,
      cluster_name: clusterName,
      datagrams_received: counts.receivedDatagrams,
      datagrams_sent: counts.sentDatagrams,
      errors_sent: counts.sendErrors,
    },
  };
  write(accessLoggers, info);
}

/** `%DYNAMIC_METADATA(udp.proxy.proxy)%` holds what this worker has counted for all sessions of the proxy. */
export function writeProxyLog(loggers: readonly AccessLogger[], proxy: UdpProxyFilter): void {
  if (loggers.length === 0) return;
  const info = startInfo(proxy, nobody, nobody);
  info.accessLogType = 'NotSet';
  info.dynamicMetadata = { 'udp.proxy.proxy': proxy.counts };
  write(loggers, info);
}

function startInfo(
  { dependencies }: UdpSessionOwner,
  peer: SocketAddress,
  localAddress: SocketAddress,
): StreamInfoRecord {
  const { wheel, rng, nextStreamId } = dependencies;
  const id = nextStreamId();
  return new StreamInfoRecord({
    startedAt: wheel.now(),
    startedAtMs: wheel.monotonicMs(),
    protocol: undefined,
    connectionId: id,
    streamId: id,
    downstreamDirectAddress: peer,
    downstreamLocalAddress: localAddress,
    randomValue: Math.floor(rng.next() * 2 ** 53),
    filterChainName: '',
  });
}

function write(loggers: readonly AccessLogger[], streamInfo: StreamInfo): void {
  const context = {
    streamInfo,
    requestHeaders: undefined,
    responseHeaders: undefined,
    responseTrailers: undefined,
  };
  for (const logger of loggers) logger.log(context);
}
