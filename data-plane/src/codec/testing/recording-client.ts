import type {
  ClientCodec,
  ClientCodecCallbacks,
  CodecError,
  RequestEncoder,
  ResponseDecoder,
  StreamCallbacks,
} from '../codec.ts';
import { HeaderMap } from '../header-map.ts';
import { createHttp1ClientCodec } from '../http1/client-codec.ts';
import { createHttp1ClientOptions, type Http1ClientOptions } from '../http1/options.ts';
import { CodecWorkspace } from '../codec-workspace.ts';
import { MemoryConnection } from './memory-connection.ts';

/** One exchange as a client codec sees it. */
export class RecordedResponse implements ResponseDecoder, StreamCallbacks {
  readonly informational: string[] = [];
  headers: HeaderMap | undefined;
  body = '';
  trailers: HeaderMap | undefined;
  endCount = 0;
  reset: string | undefined;
  marks = '';

  get isComplete(): boolean {
    return this.endCount === 1;
  }

  get status(): string | undefined {
    return this.headers?.get(':status');
  }

  decodeInformational(headers: HeaderMap): void {
    this.informational.push(headers.get(':status') ?? '');
  }

  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    this.headers = headers;
    if (endStream) this.endCount++;
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    this.body += chunk.toString('latin1');
    if (endStream) this.endCount++;
  }

  decodeTrailers(trailers: HeaderMap): void {
    this.trailers = trailers;
    this.endCount++;
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
}

/** A client codec over memory that records what it delivers. */
export class RecordingClient implements ClientCodecCallbacks {
  readonly connection = new MemoryConnection();
  readonly codec: ClientCodec;
  readonly errors: CodecError[] = [];
  /** `isReusable` of each stream's end. */
  readonly ends: boolean[] = [];
  goAwayCount = 0;

  constructor(
    options: Partial<Omit<Http1ClientOptions, 'workspace'>> = {},
    workspace = new CodecWorkspace(),
  ) {
    this.codec = createHttp1ClientCodec(this.connection, this, createHttp1ClientOptions(workspace, options));
  }

  feed(text: string): void {
    this.codec.dispatch(Buffer.from(text, 'latin1'));
  }

  begin(response: RecordedResponse = new RecordedResponse()): {
    response: RecordedResponse;
    encoder: RequestEncoder;
  } {
    const encoder = this.codec.newStream(response);
    encoder.setCallbacks(response);
    return { response, encoder };
  }

  /** A whole request without a body. */
  request(method = 'GET', fields: Record<string, string> = {}): RecordedResponse {
    const { response, encoder } = this.begin();
    encoder.encodeHeaders(
      HeaderMap.of({ ':method': method, ':path': '/', ':authority': 'a.test', ...fields }),
      true,
    );
    return response;
  }

  onStreamEnd(isReusable: boolean): void {
    this.ends.push(isReusable);
  }

  onProtocolError(error: CodecError): void {
    this.errors.push(error);
  }

  onGoAway(): void {
    this.goAwayCount++;
  }
}
