import { FieldNameTable } from '../../src/codec/http1/field-name.ts';
import { FrameReader, type FrameHandler } from '../../src/codec/http2/frame-reader.ts';
import { HpackDecoder } from '../../src/codec/http2/hpack/hpack-decoder.ts';
import { frameGoAway, frameHeaders, frameRstStream } from '../../src/codec/http2/protocol.ts';
import type { Fields } from '../../src/codec/http2/testing/scripted-peer.ts';

/** What one end of an HTTP/2 connection hears of the other: heads, resets and GOAWAY. Heads are taken to be one frame. */
export class FrameRecorder implements FrameHandler {
  readonly #reader: FrameReader;
  readonly #decoder = new HpackDecoder(new FieldNameTable());
  readonly #onHead: (streamId: number, fields: Fields) => void;
  readonly #onError: (error: string) => void;

  constructor(
    isServer: boolean,
    onHead: (streamId: number, fields: Fields) => void,
    onError: (error: string) => void,
  ) {
    this.#reader = new FrameReader(this, isServer);
    this.#onHead = onHead;
    this.#onError = onError;
  }

  dispatch(chunk: Buffer): void {
    this.#reader.dispatch(chunk);
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
    if (type === frameRstStream) this.#onError(`reset ${bytes.readUInt32BE(start)}`);
    // Of a code of its own: one without says that the connection drains.
    if (type === frameGoAway && bytes.readUInt32BE(start + 4) !== 0) {
      this.#onError(`goaway ${bytes.readUInt32BE(start + 4)}`);
    }
    if (type !== frameHeaders) return true;
    const fields: [string, string][] = [];
    const onField = (name: string, value: string): void => void fields.push([name, value]);
    this.#decoder.decode(bytes, start, end, { onField });
    this.#onHead(streamId, fields);
    return true;
  }

  onFramingError(): void {
    this.#onError('no frames');
  }
}
