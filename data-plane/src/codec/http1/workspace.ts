import { ChunkPool } from '../http2/send-queue.ts';
import { requestErrors, responseErrors } from './codec-errors.ts';
import { FieldNameTable } from './field-name.ts';
import { FieldReader } from './field-reader.ts';
import { RequestParser } from './request-parser.ts';
import { ResponseParser } from './response-parser.ts';
import { TrailerParser } from './trailer-parser.ts';

/** More parsers than that are in use only while many peers send their heads in pieces. */
const maxPooled = 16;

/**
 * What the HTTP/1 codecs of one worker share: interned names, and parsers, which a connection holds only while a
 * head is incomplete.
 */
export class Http1Workspace {
  readonly fieldReader = new FieldReader();
  /** Interned field names; HTTP/2 uses the same. */
  readonly names = new FieldNameTable();
  /** Only of HTTP/2: memory for content that waits. */
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
