import http2 from 'node:http2';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import { decodeDeltaResponse, encodeDeltaRequest } from './delta-messages.ts';
import { GrpcFrames } from './grpc-frames.ts';

/** Asks for all clusters and for the endpoints of each, and acknowledges everything, on a connection of its own. */
export interface SimulatedSidecar {
  close(): void;
}

export interface SidecarEvents {
  /** When the connection stands. */
  onConnect(): void;
  /** When endpoints came and their acknowledgement is written. */
  onEndpoints(names: readonly string[]): void;
  onBytes(count: number): void;
  /** The stream or its connection ended before `close`. */
  onFailure(error: Error): void;
}

const windowBytes = 16 * 1024 * 1024;
const method = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

/** `subscribeFrame`: the request for the endpoints of these clusters; the same for all, so it is built once. */
export function startSimulatedSidecar(
  port: number,
  nodeId: string,
  subscribeFrame: (clusters: readonly string[]) => Buffer,
  events: SidecarEvents,
): SimulatedSidecar {
  let isClosed = false;
  let isSubscribed = false;
  const fail = (error: Error): void => {
    if (!isClosed) events.onFailure(error);
  };
  const session = http2.connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: windowBytes } });
  session.on('error', fail);
  session.once('close', () => fail(new Error(`the connection of ${nodeId} was closed`)));
  session.once('connect', () => {
    session.setLocalWindowSize(windowBytes);
    events.onConnect();
  });
  const stream = session.request({
    ':method': 'POST',
    ':path': method,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const frames = new GrpcFrames();
  stream.on('error', fail);
  // Its status comes in the trailers; `close` waits for our own end, which never comes.
  let status = 'without a status';
  const readStatus = (headers: http2.IncomingHttpHeaders): void => {
    if (headers['grpc-status'] !== undefined)
      status = `with status ${String(headers['grpc-status'])} ${String(headers['grpc-message'])}`;
  };
  stream.once('response', readStatus);
  stream.once('trailers', readStatus);
  stream.once('end', () => fail(new Error(`the stream of ${nodeId} ended ${status}`)));
  stream.on('data', (chunk: Buffer) => {
    events.onBytes(chunk.length);
    for (const message of frames.read(chunk)) {
      const { typeUrl, nonce, resourceNames } = decodeDeltaResponse(message);
      stream.write(encodeDeltaRequest({ typeUrl, nonce }));
      if (typeUrl === typeUrls.clusterLoadAssignment) events.onEndpoints(resourceNames);
      else if (!isSubscribed) {
        isSubscribed = true;
        stream.write(subscribeFrame(resourceNames));
      }
    }
  });
  stream.write(encodeDeltaRequest({ nodeId, typeUrl: typeUrls.cluster }));
  return {
    close() {
      isClosed = true;
      session.destroy();
    },
  };
}
