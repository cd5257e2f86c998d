import type { ResponseEncoder } from '../../src/codec/codec.ts';
import { HeaderMap } from '../../src/codec/header-map.ts';
import { FieldNameTable } from '../../src/codec/http1/field-name.ts';
import { createHttp2ClientCodec } from '../../src/codec/http2/client-codec.ts';
import { Http2Connection } from '../../src/codec/http2/http2-connection.ts';
import type { GivenHttp2Options, Http2Options } from '../../src/codec/http2/options.ts';
import { frameGoAway, frameHeaders, frameRstStream, noError } from '../../src/codec/http2/protocol.ts';
import { createHttp2ServerCodec } from '../../src/codec/http2/server-codec.ts';
import { Http2ServerStream } from '../../src/codec/http2/server-stream.ts';
import { createTestOptions } from '../../src/codec/http2/testing/memory-pair.ts';
import { MemoryConnection } from '../../src/codec/testing/memory-connection.ts';
import { clientRequests } from './client-requests.ts';
import { splitFrames } from './frame-wire.ts';
import { windowBytes } from './nghttp2-session.ts';
import { RecordedMessage } from './recorded-message.ts';
import {
  createReading,
  noteReset,
  streamIn,
  toHead,
  toTrailers,
  type Fields,
  type Http2Reading,
} from './reading.ts';

/** How a connection of ours is read. */
export interface CodecRun {
  readonly tableBytes: number;
  /** Every request is answered at once; otherwise none is. */
  readonly answers?: boolean;
  /** A malformed message ends the connection, as it does by default. */
  readonly isStrict?: boolean;
}

export interface CodecReading extends Http2Reading {
  /** Stream → message. */
  readonly messages: ReadonlyMap<number, RecordedMessage>;
  /** Everything that the codec wrote, in latin1. */
  readonly written: string;
}

/** As in a worker: what the codecs of many connections share. */
const names = new FieldNameTable();
/** Bounds against floods are no reading: none is reached here. */
const noBounds: GivenHttp2Options = {
  maxConsecutiveEmptyFrames: 1_000,
  maxPriorityFramesPerStream: 1_000,
  maxWindowUpdatesPerDataFrame: 1_000,
  initialStreamWindowBytes: windowBytes,
  initialConnectionWindowBytes: windowBytes,
  allowsConnect: true,
};
const bufferLimitBytes = 1024 * 1024;

function optionsOf({ tableBytes, isStrict = false }: CodecRun): Http2Options {
  const options = createTestOptions({
    ...noBounds,
    headerTableBytes: tableBytes,
    isStreamErrorOnInvalidMessage: !isStrict,
  });
  return { ...options, names };
}

/** The server codec's. */
export function readRequests(chunks: readonly Buffer[], run: CodecRun): CodecReading {
  const connection = new MemoryConnection();
  const messages = new Map<number, RecordedMessage>();
  const reading = createReading();
  const codec = createHttp2ServerCodec(
    connection,
    {
      onNewStream: (encoder) => {
        const message = new RecordedMessage();
        messages.set(encoder instanceof Http2ServerStream ? encoder.id : 0, message);
        encoder.setCallbacks(message);
        if (run.answers === true) message.onComplete = () => answer(encoder);
        return message;
      },
      onProtocolError: () => undefined,
      onStreamEnd: () => undefined,
    },
    optionsOf(run),
    bufferLimitBytes,
  );
  if (codec instanceof Http2Connection) watchErrors(codec, reading);
  for (const chunk of chunks) codec.dispatch(chunk);
  return finish(connection.takeWritten(), messages, reading);
}

/** The client codec's, of the answers to `clientRequests`. */
export function readAnswers(chunks: readonly Buffer[], run: CodecRun): CodecReading {
  const connection = new MemoryConnection();
  const messages = new Map<number, RecordedMessage>();
  const reading = createReading();
  const codec = createHttp2ClientCodec(
    connection,
    {
      onProtocolError: () => undefined,
      onStreamEnd: () => undefined,
      onGoAway: () => undefined,
    },
    optionsOf(run),
    bufferLimitBytes,
  );
  clientRequests.forEach(({ fields, endStream }, index) => {
    const message = new RecordedMessage();
    messages.set(2 * index + 1, message);
    const encoder = codec.newStream(message);
    encoder.setCallbacks(message);
    encoder.encodeHeaders(HeaderMap.of(Object.fromEntries(fields)), endStream);
  });
  if (codec instanceof Http2Connection) watchErrors(codec, reading);
  for (const chunk of chunks) codec.dispatch(chunk);
  return finish(connection.takeWritten(), messages, reading);
}

/** Notes the words for every error; nobody else has to hear those of streams that were never opened. */
function watchErrors(codec: Http2Connection, reading: Http2Reading): void {
  const failStream = codec.failStream.bind(codec);
  codec.failStream = (stream, code, detail) => {
    streamIn(reading, stream.id).detail ||= detail;
    return failStream(stream, code, detail);
  };
  const refuseMessage = codec.refuseMessage.bind(codec);
  codec.refuseMessage = (stream, streamId, detail) => {
    streamIn(reading, streamId).detail ||= detail;
    return refuseMessage(stream, streamId, detail);
  };
  const onBrokenFrame = codec.onBrokenFrame.bind(codec);
  codec.onBrokenFrame = (streamId, code, detail) => {
    const goesOn = onBrokenFrame(streamId, code, detail);
    streamIn(reading, streamId).detail ||= detail;
    return goesOn;
  };
  const giveUp = codec.giveUp.bind(codec);
  codec.giveUp = (code, detail) => {
    reading.detail ||= detail;
    return giveUp(code, detail);
  };
}

function answer(encoder: ResponseEncoder): void {
  encoder.encodeHeaders(HeaderMap.of({ ':status': '200', 'x-a': 'b' }), false);
  encoder.encodeData(Buffer.from('ok'), true);
}

function finish(
  written: string,
  messages: ReadonlyMap<number, RecordedMessage>,
  reading: Http2Reading,
): CodecReading {
  for (const [id, message] of messages) {
    const stream = streamIn(reading, id);
    if (message.headers !== undefined) stream.head = toHead(wireFieldsOf(message.headers));
    stream.informational.push(...message.informational.map((headers) => toHead([...headers]).join(', ')));
    stream.body = message.body;
    if (message.trailers !== undefined) stream.trailers = toTrailers([...message.trailers]);
    if (message.isComplete) stream.end = 'complete';
    else if (message.reset !== undefined) stream.end = 'reset';
  }
  for (const { type, streamId, payload } of splitFrames(Buffer.from(written, 'latin1'))) {
    if (type === frameGoAway && payload.readUInt32BE(4) !== noError) {
      reading.goAwayCode ??= payload.readUInt32BE(4);
    } else if (type === frameRstStream) {
      noteReset(reading, streamId, payload.readUInt32BE(0));
    } else if (type === frameHeaders && !messages.has(streamId)) {
      // The codec answers by itself, with 431.
      const stream = streamIn(reading, streamId);
      stream.end = 'refused';
      stream.detail = 'answered without a request';
    }
  }
  return { ...reading, messages, written };
}

/** An upgrade looks as it did on the wire; its key may be ours. */
function wireFieldsOf(headers: HeaderMap): Fields {
  const upgrade = headers.get('upgrade');
  if (upgrade === undefined) return [...headers];
  const wire = [...headers].filter(
    ([name]) => !['upgrade', 'connection', 'sec-websocket-key', ':method'].includes(name),
  );
  return [[':method', 'CONNECT'], [':protocol', upgrade], ...wire];
}
