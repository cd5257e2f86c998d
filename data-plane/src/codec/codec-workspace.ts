import { ChunkPool } from './http2/send-queue.ts';
import { requestErrors, responseErrors } from './http1/codec-errors.ts';
import { FieldNameTable } from './http1/field-name.ts';
import { FieldReader } from './http1/field-reader.ts';
import { RequestParser } from './http1/request-parser.ts';
import { ResponseParser } from './http1/response-parser.ts';
import { TrailerParser } from './http1/trailer-parser.ts';

/** More parsers than that are in use only while many peers send their heads in pieces. */
const maxPooled = 16;

/**
 * What the codecs of one worker share: interned names; parsers of HTTP/1.1, which a connection holds only while a head
 * is incomplete; memory for content that HTTP/2 has waiting.
 */
export class CodecWorkspace {
  readonly fieldReader = new FieldReader();
  /** Interned field names. */
  readonly names = new FieldNameTable();
  readonly chunks = new ChunkPool();
  readonly #requestParsers: RequestParser[] = [];
  readonly #responseParsers: ResponseParser[] = [];

  acquireRequestParser(): RequestParser {
    return this.#requestParsers.pop() ?? new RequestParser(this.names);
  }

  releaseRequestParser(parser: RequestParser): void {
    parser.reset();
    if (this.#requestParsers.length < maxPooled) this.#requestParsers.push(parser);
  }

  acquireResponseParser(): ResponseParser {
    return this.#responseParsers.pop() ?? new ResponseParser(this.names);
  }

  releaseResponseParser(parser: ResponseParser): void {
    parser.reset();
    if (this.#responseParsers.length < maxPooled) this.#responseParsers.push(parser);
  }

  /** Trailers are rare: their parsers are not kept. */
  createTrailerParser(ofRequest: boolean): TrailerParser {
    return new TrailerParser(this.names, ofRequest ? requestErrors : responseErrors);
  }
}
