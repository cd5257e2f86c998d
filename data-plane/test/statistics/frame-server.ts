import { FieldNameTable } from '../../src/codec/http1/field-name.ts';
import { FrameReader, type FrameHandler } from '../../src/codec/http2/frame-reader.ts';
import { HpackDecoder } from '../../src/codec/http2/hpack/hpack-decoder.ts';
import { frameHeaders } from '../../src/codec/http2/protocol.ts';
import { startTcpServer, type UpstreamServer } from '../../src/upstream/testing/upstream-server.ts';
import { FramePeer } from './frame-peer.ts';

/** One request: where it came, and what its answer is to be sent to. */
export type OnFrameRequest = (peer: FramePeer, streamId: number, path: string) => void;

/** A server that answers HTTP/2 with whatever frames `onRequest` sends; it hears of each request with its head. */
export function startFrameServer(onRequest: OnFrameRequest): Promise<UpstreamServer> {
  return startTcpServer((socket) => {
    const peer = new FramePeer(socket);
    const reader = new FrameReader(new HeadFinder(peer, onRequest), true);
    socket.on('data', (chunk: Buffer) => reader.dispatch(chunk));
  });
}

/** Heads are taken to be one frame, without padding or priority. */
class HeadFinder implements FrameHandler {
  readonly #peer: FramePeer;
  readonly #onRequest: OnFrameRequest;
  readonly #decoder = new HpackDecoder(new FieldNameTable());

  constructor(peer: FramePeer, onRequest: OnFrameRequest) {
    this.#peer = peer;
    this.#onRequest = onRequest;
  }

  onDataFrame(): boolean {
    return true;
  }

  onDataPart(): boolean {
    return true;
  }

  onDataFrameEnd(): boolean {
    return true;
  }

  onFrame(
    type: number,
    _flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): boolean {
    if (type !== frameHeaders) return true;
    let path = '';
    const onField = (name: string, value: string): void => {
      if (name === ':path') path = value;
    };
    this.#decoder.decode(bytes, start, end, { onField });
    // Trailers have none.
    if (path !== '') this.#onRequest(this.#peer, streamId, path);
    return true;
  }

  onFramingError(): void {
    this.#peer.close();
  }
}
