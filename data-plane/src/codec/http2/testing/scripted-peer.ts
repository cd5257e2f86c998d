import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { FieldNameTable } from '../../http1/field-name.ts';
import type {
  ClientCodecCallbacks,
  CodecError,
  RequestDecoder,
  ResponseEncoder,
  ServerCodec,
  ServerCodecCallbacks,
} from '../../codec.ts';
import { MemoryConnection } from '../../testing/memory-connection.ts';
import { RecordedRequest } from '../../testing/recording-server.ts';
import { createHttp2ClientCodec, type Http2ClientCodec } from '../client-codec.ts';
import type { Http2Stats } from '../codec-stats.ts';
import { HpackDecoder } from '../hpack/hpack-decoder.ts';
import { HpackEncoder } from '../hpack/hpack-encoder.ts';
import type { GivenHttp2Options, Http2Options } from '../options.ts';
import { clientPreface, flagEndHeaders, flagEndStream, frameHeaders, frameSettings } from '../protocol.ts';
import { createHttp2ServerCodec } from '../server-codec.ts';
import { buildFrame } from './build-frame.ts';
import { createTestOptions } from './memory-pair.ts';

/** A frame that one of our codecs wrote. */
export interface WrittenFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export type Fields = readonly (readonly [name: string, value: string])[];

export const getRequest: Fields = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'a.test'],
];
export const postRequest: Fields = [[':method', 'POST'], ...getRequest.slice(1)];

/** Sends a codec of ours whatever frames it is told, and takes apart what the codec writes. */
abstract class ScriptedPeer {
  readonly connection = new MemoryConnection();
  readonly clock = createFakeClock();
  readonly counters: string[] = [];
  readonly gauges = new Map<string, number>();
  readonly errors: string[] = [];
  readonly ends: boolean[] = [];
  readonly options: Http2Options;
  readonly #encoder = new HpackEncoder();
  readonly #decoder = new HpackDecoder(new FieldNameTable());

  protected constructor(given: GivenHttp2Options) {
    const stats: Http2Stats = {
      count: (counter) => void this.counters.push(counter),
      add: (gauge, change) => void this.gauges.set(gauge, (this.gauges.get(gauge) ?? 0) + change),
    };
    this.options = createTestOptions({ ...given, stats }, this.clock);
  }

  protected abstract dispatch(bytes: Buffer): void;

  feed(...frames: readonly Buffer[]): void {
    this.dispatch(Buffer.concat(frames));
  }

  frame(type: number, flags: number, streamId: number, payload: Buffer | string = ''): void {
    this.feed(buildFrame(type, flags, streamId, payload));
  }

  /** HEADERS, complete. */
  headers(streamId: number, fields: Fields, endStream = true): Buffer {
    const flags = flagEndHeaders | (endStream ? flagEndStream : 0);
    return buildFrame(frameHeaders, flags, streamId, this.block(fields));
  }

  block(fields: Fields): Buffer {
    this.#encoder.begin();
    for (const [name, value] of fields) this.#encoder.add(name, value);
    return Buffer.from(this.#encoder.block);
  }

  fieldsOf(frame: WrittenFrame): Record<string, string> {
    const fields: Record<string, string> = {};
    const onField = (name: string, value: string): void => void (fields[name] = value);
    this.#decoder.decode(frame.payload, 0, frame.payload.length, { onField });
    return fields;
  }

  /** Frames since the last call; a client's preface is left out. */
  take(): WrittenFrame[] {
    const bytes = Buffer.from(this.connection.takeWritten().replace(clientPreface, ''), 'latin1');
    const frames: WrittenFrame[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 9 + bytes.readUIntBE(at, 3);
      frames.push({
        type: bytes.readUInt8(at + 3),
        flags: bytes.readUInt8(at + 4),
        streamId: bytes.readUInt32BE(at + 5),
        payload: bytes.subarray(at + 9, end),
      });
      at = end;
    }
    return frames;
  }

  /** The errors that were written: GOAWAY as `goaway 11`, RST_STREAM as `reset 1 8`. */
  takeErrors(): string[] {
    return this.take().flatMap(({ type, streamId, payload }) => {
      if (type === 7) return [`goaway ${payload.readUInt32BE(4)}`];
      return type === 3 ? [`reset ${streamId} ${payload.readUInt32BE(0)}`] : [];
    });
  }
}

/** A client that misbehaves, against our server half. */
export class ScriptedClient extends ScriptedPeer implements ServerCodecCallbacks {
  readonly codec: ServerCodec;
  readonly requests: RecordedRequest[] = [];
  headPendingCount = 0;
  onRequest: (request: RecordedRequest) => void = () => undefined;

  constructor(given: GivenHttp2Options = {}, settings = '', bufferLimitBytes = 1024 * 1024) {
    super(given);
    this.codec = createHttp2ServerCodec(this.connection, this, this.options, bufferLimitBytes);
    this.feed(Buffer.from(clientPreface), buildFrame(frameSettings, 0, 0, settings));
    this.take();
  }
  protected override dispatch(bytes: Buffer): void {
    this.codec.dispatch(bytes);
  }
  onNewStream(encoder: ResponseEncoder): RequestDecoder {
    const request = new RecordedRequest(encoder);
    this.requests.push(request);
    request.onComplete = this.onRequest;
    return request;
  }
  onHeadPending(): void {
    this.headPendingCount++;
  }
  onProtocolError(error: CodecError): void {
    this.errors.push(error.details);
  }
  onStreamEnd(shouldClose: boolean): void {
    this.ends.push(shouldClose);
  }
}

/** A server that misbehaves, against our client half. */
export class ScriptedServer extends ScriptedPeer implements ClientCodecCallbacks {
  readonly codec: Http2ClientCodec;
  goAwayCount = 0;

  constructor(given: GivenHttp2Options = {}, settings = '', firstStreamId = 1) {
    super(given);
    this.codec = createHttp2ClientCodec(this.connection, this, this.options, 1024 * 1024, firstStreamId);
    this.feed(buildFrame(frameSettings, 0, 0, settings));
    this.take();
  }
  protected override dispatch(bytes: Buffer): void {
    this.codec.dispatch(bytes);
  }
  onStreamEnd(isReusable: boolean): void {
    this.ends.push(isReusable);
  }
  onProtocolError(error: CodecError): void {
    this.errors.push(error.details);
  }
  onGoAway(): void {
    this.goAwayCount++;
  }
}

/** The payload of one setting. */
export function setting(id: number, value: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(id);
  payload.writeUInt32BE(value, 2);
  return payload;
}

export function uint32(value: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return payload;
}
