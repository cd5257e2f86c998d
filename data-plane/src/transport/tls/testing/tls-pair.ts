import type { DownstreamTls, UpstreamTls } from '../../../config/model/tls.ts';
import { createStatsStore } from '../../../stats/stats-store.ts';
import type { ConnectionCloseReason } from '../../connection.ts';
import { ListenSocket } from '../../listen-socket.ts';
import type { SocketConnection } from '../../socket-connection.ts';
import { Events, type ConnectionPair } from '../../testing/connection-events.ts';
import type { TransportContext } from '../../transport-context.ts';
import { acceptTls } from '../accept-tls.ts';
import { readClientHello } from '../client-hello.ts';
import { connectTls } from '../connect-tls.ts';
import { DownstreamTlsContext } from '../downstream-tls-context.ts';
import { TlsStats } from '../tls-stats.ts';
import { UpstreamTlsContext } from '../upstream-tls-context.ts';

/** Reads the ClientHello of an accepted connection, and makes the handshake. */
export function serveTls(
  context: TransportContext,
  plain: SocketConnection,
  tls: DownstreamTlsContext,
  stats: TlsStats,
  onSecured: (connection: SocketConnection) => void,
): void {
  let received = Buffer.alloc(0);
  plain.setHandlers({
    onData(chunk) {
      received = Buffer.concat([received, chunk]);
      const reading = readClientHello(received);
      if (reading.kind === 'incomplete') return;
      const hello = reading.kind === 'hello' ? reading.hello : undefined;
      onSecured(acceptTls(context, plain, received, hello, tls, stats));
    },
    onEnd: () => plain.close('abort'),
    onClose: () => undefined,
  });
}

export interface TlsListener {
  readonly port: number;
  readonly stats: TlsStats;
  close(): Promise<void>;
}

/** `onSecured`: after the handshake; `onFailed`: instead of it. */
export async function listenTls(
  context: TransportContext,
  config: DownstreamTls,
  onSecured: (connection: SocketConnection) => void,
  onFailed: (reason: ConnectionCloseReason, detail: string) => void = () => undefined,
  ticketSecret: Buffer = Buffer.alloc(32, 1),
): Promise<TlsListener> {
  const tls = new DownstreamTlsContext(config, ticketSecret);
  const stats = new TlsStats(
    createStatsStore({ onDeclared: () => undefined }).root.scope('listener.l.ssl.'),
    'downstream',
  );
  const socket = await ListenSocket.listen(context, { address: { address: '127.0.0.1', port: 0 } }, (plain) =>
    serveTls(context, plain, tls, stats, (connection) => {
      connection.setHandlers({
        onConnected: () => onSecured(connection),
        onData: () => undefined,
        onEnd: () => undefined,
        onClose: onFailed,
      });
    }),
  );
  return { port: socket.address.port, stats, close: () => socket.close() };
}

export function createUpstreamContext(config: UpstreamTls): UpstreamTlsContext {
  const stats = new TlsStats(
    createStatsStore({ onDeclared: () => undefined }).root.scope('cluster.c.ssl.'),
    'upstream',
  );
  return new UpstreamTlsContext(config, stats);
}

/** Both ends after their handshake. */
export async function createTlsPair(
  context: TransportContext,
  server: DownstreamTls,
  client: UpstreamTls,
): Promise<ConnectionPair> {
  let onServer: (events: Events) => void = () => undefined;
  const accepted = new Promise<Events>((resolve) => (onServer = resolve));
  const listener = await listenTls(context, server, (connection) => onServer(new Events(connection)));
  const clientEvents = new Events(
    connectTls(
      context,
      { remoteAddress: { address: '127.0.0.1', port: listener.port }, connectTimeoutMs: 5_000 },
      createUpstreamContext(client),
    ),
  );
  await clientEvents.untilLogged('connected');
  const pair = { client: clientEvents, server: await accepted };
  await listener.close();
  return pair;
}
