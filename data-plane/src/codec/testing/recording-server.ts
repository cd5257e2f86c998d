import type {
  CodecError,
  RequestDecoder,
  ResponseEncoder,
  ServerCodec,
  ServerCodecCallbacks,
  StreamCallbacks,
} from '../codec.ts';
import { HeaderMap } from '../header-map.ts';
import { createHttp1ServerOptions, type Http1ServerOptions } from '../http1/options.ts';
import { createHttp1ServerCodec } from '../http1/server-codec.ts';
import { CodecWorkspace } from '../codec-workspace.ts';
import { MemoryConnection } from './memory-connection.ts';

/** One request as a server codec delivered it. */
export class RecordedRequest implements RequestDecoder, StreamCallbacks {
  readonly encoder: ResponseEncoder;
  headers = new HeaderMap();
  body = '';
  trailers: HeaderMap | undefined;
  endCount = 0;
  reset: string | undefined;
  marks = '';
  onComplete: (request: RecordedRequest) => void = () => undefined;

  constructor(encoder: ResponseEncoder) {
    this.encoder = encoder;
    encoder.setCallbacks(this);
  }

  get isComplete(): boolean {
    return this.endCount === 1;
  }

  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    this.headers = headers;
    this.#end(endStream);
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    this.body += chunk.toString('latin1');
    this.#end(endStream);
  }

  decodeTrailers(trailers: HeaderMap): void {
    this.trailers = trailers;
    this.#end(true);
  }

  onResetStream(reason: string, detail: string): void {
    this.reset = `${reason}: ${detail}`;
  }

  onAboveWriteHighWatermark(): void {
    this.marks += 'a';
  }

  onBelowWriteLowWatermark(): void {
    this.marks += 'b';
  }

  answer(status: string, body = '', fields: Record<string, string> = {}): void {
    const headers = HeaderMap.of({ ':status': status, ...fields });
    this.encoder.encodeHeaders(headers, body === '');
    if (body !== '') this.encoder.encodeData(Buffer.from(body, 'latin1'), true);
  }

  #end(endStream: boolean): void {
    if (!endStream) return;
    this.endCount++;
    this.onComplete(this);
  }
}

/** A server codec over memory that records what it delivers, and answers when told. */
export class RecordingServer implements ServerCodecCallbacks {
  readonly connection = new MemoryConnection();
  readonly codec: ServerCodec;
  readonly requests: RecordedRequest[] = [];
  readonly errors: CodecError[] = [];
  readonly ends: boolean[] = [];
  onComplete: (request: RecordedRequest) => void = () => undefined;

  constructor(
    options: Partial<Omit<Http1ServerOptions, 'workspace'>> = {},
    workspace = new CodecWorkspace(),
  ) {
    this.codec = createHttp1ServerCodec(this.connection, this, createHttp1ServerOptions(workspace, options));
  }

  get last(): RecordedRequest {
    const last = this.requests.at(-1);
    if (last === undefined) throw new Error('no request yet');
    return last;
  }

  feed(text: string): void {
    this.codec.dispatch(Buffer.from(text, 'latin1'));
  }

  onNewStream(encoder: ResponseEncoder): RequestDecoder {
    const request = new RecordedRequest(encoder);
    request.onComplete = this.onComplete;
    this.requests.push(request);
    return request;
  }

  onProtocolError(error: CodecError): void {
    this.errors.push(error);
  }

  onStreamEnd(shouldClose: boolean): void {
    this.ends.push(shouldClose);
  }
}
