import type { RequestEncoder, ResponseEncoder } from '../../src/codec/codec.ts';
import { HeaderMap } from '../../src/codec/header-map.ts';
import { createHttp1ClientCodec } from '../../src/codec/http1/client-codec.ts';
import { createHttp1ClientOptions, createHttp1ServerOptions } from '../../src/codec/http1/options.ts';
import { createHttp1ServerCodec } from '../../src/codec/http1/server-codec.ts';
import { CodecWorkspace } from '../../src/codec/codec-workspace.ts';
import { createPair } from '../../src/codec/http2/testing/memory-pair.ts';
import { MemoryConnection } from '../../src/codec/testing/memory-connection.ts';
import { RecordedMessage, type MessageEvent } from './recorded-message.ts';

/** As in a worker: what the codecs of many connections share. */
const workspace = new CodecWorkspace();
const nothing = (): void => undefined;
const clientCallbacks = { onStreamEnd: nothing, onProtocolError: nothing, onGoAway: nothing };
const bounds = { maxConsecutiveEmptyFrames: 1_000, maxFieldCount: 200, maxHeaderListBytes: 200_000 };

/** What came of a message that was written again. */
export interface Rewritten {
  /** In HTTP/1.1. */
  readonly text: string;
  /** The writer gave it up. */
  readonly isGivenUp: boolean;
}

/** A request, as our HTTP/1.1 client codec writes it. */
export function writeHttp1Request(events: readonly MessageEvent[]): Rewritten {
  const connection = new MemoryConnection();
  const options = createHttp1ClientOptions(workspace, { enableTrailers: true });
  const codec = createHttp1ClientCodec(connection, clientCallbacks, options);
  const answer = new RecordedMessage();
  const encoder = codec.newStream(answer);
  encoder.setCallbacks(answer);
  for (const event of events) replay(event, encoder);
  return { text: connection.takeWritten(), isGivenUp: answer.reset !== undefined };
}

/** An answer to a request of that method, as our HTTP/1.1 server codec writes it. */
export function writeHttp1Answer(events: readonly MessageEvent[], method: string): Rewritten {
  const connection = new MemoryConnection();
  const request = new RecordedMessage();
  let answer: ResponseEncoder | undefined;
  const codec = createHttp1ServerCodec(
    connection,
    {
      onNewStream: (encoder) => {
        answer = encoder;
        encoder.setCallbacks(request);
        return request;
      },
      onProtocolError: nothing,
      onStreamEnd: nothing,
    },
    createHttp1ServerOptions(workspace, { enableTrailers: true }),
  );
  codec.dispatch(Buffer.from(`${method} / HTTP/1.1\r\nhost: a.test\r\ncontent-length: 0\r\n\r\n`));
  if (answer === undefined) throw new Error('the request never arrived');
  for (const event of events) replayAnswer(event, answer);
  return { text: connection.takeWritten(), isGivenUp: request.reset !== undefined };
}

/** A request through our HTTP/2 client codec into our HTTP/2 server codec. Undefined: it never arrived. */
export function passHttp2Request(events: readonly MessageEvent[]): RecordedMessage | undefined {
  let received: RecordedMessage | undefined;
  const pair = createPair(
    {
      onNewStream: (encoder) => {
        received = new RecordedMessage();
        encoder.setCallbacks(received);
        return received;
      },
      onProtocolError: nothing,
      onStreamEnd: nothing,
    },
    clientCallbacks,
    { server: { ...bounds, allowsConnect: true }, client: bounds },
  );
  pair.deliver();
  const answer = new RecordedMessage();
  const encoder = pair.client.newStream(answer);
  encoder.setCallbacks(answer);
  for (const event of events) replay(event, encoder);
  pair.deliver();
  return received;
}

/** An answer through our HTTP/2 server codec into our HTTP/2 client codec. */
export function passHttp2Answer(events: readonly MessageEvent[], method: string): RecordedMessage {
  let answer: ResponseEncoder | undefined;
  const request = new RecordedMessage();
  const pair = createPair(
    {
      onNewStream: (encoder) => {
        answer = encoder;
        encoder.setCallbacks(request);
        return request;
      },
      onProtocolError: nothing,
      onStreamEnd: nothing,
    },
    clientCallbacks,
    { server: bounds, client: bounds },
  );
  const received = new RecordedMessage();
  const encoder = pair.client.newStream(received);
  encoder.setCallbacks(received);
  encoder.encodeHeaders(
    HeaderMap.of({ ':method': method, ':scheme': 'http', ':path': '/', ':authority': 'a.test' }),
    true,
  );
  pair.deliver();
  if (answer === undefined) throw new Error('the request never arrived');
  for (const event of events) replayAnswer(event, answer);
  pair.deliver();
  return received;
}

function replayAnswer(event: MessageEvent, encoder: ResponseEncoder): void {
  if (event.kind === 'informational') encoder.encodeInformational(event.headers);
  else replay(event, encoder);
}

function replay(event: MessageEvent, encoder: RequestEncoder | ResponseEncoder): void {
  if (event.kind === 'headers') encoder.encodeHeaders(event.headers.clone(), event.endStream);
  else if (event.kind === 'data') encoder.encodeData(event.chunk, event.endStream);
  else if (event.kind === 'trailers') encoder.encodeTrailers(event.trailers);
}
