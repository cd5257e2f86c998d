import type { Socket } from 'node:net';
import { credentials, type ChannelCredentials } from '@grpc/grpc-js';
import type { ConnectSecurely } from '../sources/connect-securely.ts';

/**
 * Plain TCP, or with TLS of our own, for a channel that is closed for good when it could not connect.
 *
 * grpc-js goes on after that: a subchannel whose attempt failed keeps its back-off although the channel was closed,
 * connects once more when it ends, and nobody is left to close that connection. What it does call at the end is the
 * connector of its credentials, so this one lets no socket through from then on. Its own TLS knows nothing of what a
 * cluster asks of a server.
 */
export function createChannelCredentials(connectSecurely?: ConnectSecurely): ChannelCredentials {
  const plain = credentials.createInsecure();
  const createConnector = plain._createSecureConnector.bind(plain);
  plain._createSecureConnector = (...parameters) => {
    const connector = createConnector(...parameters);
    let isDestroyed = false;
    /** In the middle of its handshake. */
    let connecting: Socket | undefined;
    return {
      async connect(socket) {
        if (connectSecurely === undefined) return connector.connect(socket);
        connecting = socket;
        try {
          return { socket: await connectSecurely(socket, ['h2']), secure: true };
        } catch (thrown) {
          socket.destroy();
          throw thrown;
        } finally {
          connecting = undefined;
        }
      },
      getCallCredentials: () => connector.getCallCredentials(),
      waitForReady: () =>
        isDestroyed ? Promise.reject(new Error('the channel was closed')) : connector.waitForReady(),
      destroy() {
        isDestroyed = true;
        connecting?.destroy();
        connector.destroy();
      },
    };
  };
  return plain;
}
