import { credentials, type ChannelCredentials } from '@grpc/grpc-js';

/**
 * Plain TCP, for a channel that is closed for good when it could not connect.
 *
 * grpc-js goes on after that: a subchannel whose attempt failed keeps its back-off although the channel was closed,
 * connects once more when it ends, and nobody is left to close that connection. What it does call at the end is the
 * connector of its credentials, so this one lets no socket through from then on.
 */
export function createInsecureCredentials(): ChannelCredentials {
  const plain = credentials.createInsecure();
  const createConnector = plain._createSecureConnector.bind(plain);
  plain._createSecureConnector = (...parameters) => {
    const connector = createConnector(...parameters);
    let isDestroyed = false;
    return {
      connect: (socket) => connector.connect(socket),
      getCallCredentials: () => connector.getCallCredentials(),
      waitForReady: () =>
        isDestroyed ? Promise.reject(new Error('the channel was closed')) : connector.waitForReady(),
      destroy() {
        isDestroyed = true;
        connector.destroy();
      },
    };
  };
  return plain;
}
