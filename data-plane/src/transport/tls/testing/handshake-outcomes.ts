import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { DownstreamTls, UpstreamTls } from '../../../config/model/tls.ts';
import { Events } from '../../testing/connection-events.ts';
import type { TransportContext } from '../../transport-context.ts';
import { connectTls } from '../connect-tls.ts';
import { createUpstreamContext, listenTls } from './tls-pair.ts';

/** What came of a handshake in which a certificate was refused. */
export const verifyFailed = 'connect-failure TLS_error:|CERTIFICATE_VERIFY_FAILED:TLS_error_end';

/** One connection of Node's own client; resolves when the server has decided. */
export async function tryClient(
  context: TransportContext,
  config: DownstreamTls,
  options: ConnectionOptions = {},
): Promise<{ outcome: string; socket: TLSSocket }> {
  let decide: (outcome: string) => void = () => undefined;
  const decided = new Promise<string>((resolve) => (decide = resolve));
  const listener = await listenTls(
    context,
    config,
    (connection) => {
      new Events(connection);
      decide('secure');
      connection.close('flush');
    },
    (reason, detail) => decide(`${reason} ${detail}`),
  );
  const socket = connect({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const outcome = await decided;
  await closed;
  await listener.close();
  return { outcome, socket };
}

/** The outcome of one connection of ours to a server of ours. */
export async function tryServer(
  context: TransportContext,
  client: UpstreamTls,
  server: DownstreamTls,
): Promise<string | undefined> {
  const listener = await listenTls(context, server, (connection) => new Events(connection));
  const events = new Events(
    connectTls(
      context,
      { remoteAddress: { address: '127.0.0.1', port: listener.port }, connectTimeoutMs: 5_000 },
      createUpstreamContext(client),
    ),
  );
  await events.until(() => events.log.length > 0);
  const [outcome] = events.log;
  events.connection.close('abort');
  await events.untilLogged('close');
  await listener.close();
  return outcome;
}
