import { connect, createServer, type Http2Server, type IncomingHttpHeaders } from 'node:http2';
import { frameHeaders, frameSettings } from '../../src/codec/http2/protocol.ts';
import { FrameWire } from './frame-wire.ts';
import { feedFrames, ignoreErrors, noteHead, noteStream, pairsOf, windowBytes } from './nghttp2-session.ts';
import type { LimitsPart } from './part.ts';
import { createReading, streamIn, toHead, type Http2Reading } from './reading.ts';
import { clientRequests } from './client-requests.ts';

type TableBytes = LimitsPart['tableBytes'];

/** nghttp2 through Node's `http2`, in memory, as a server and as a client. */
export class Http2Oracles {
  readonly #servers = new Map<TableBytes, Nghttp2ServerOracle>();

  readRequests(frames: readonly Buffer[], tableBytes: TableBytes): Promise<Http2Reading> {
    let server = this.#servers.get(tableBytes);
    if (server === undefined) {
      server = new Nghttp2ServerOracle(tableBytes);
      this.#servers.set(tableBytes, server);
    }
    return server.read(frames);
  }

  /** The answers to `clientRequests`. */
  readAnswers(frames: readonly Buffer[], tableBytes: TableBytes): Promise<Http2Reading> {
    return readAnswersWithNghttp2(frames, tableBytes);
  }
}

class Nghttp2ServerOracle {
  readonly #server: Http2Server;
  #reading = createReading();

  constructor(headerTableSize: number) {
    this.#server = createServer({
      settings: { enableConnectProtocol: true, initialWindowSize: windowBytes, headerTableSize },
    });
    this.#server.on('session', ignoreErrors);
    this.#server.on('stream', (stream, _headers, _flags, ...rest: unknown[]) => {
      const seen = streamIn(this.#reading, stream.id ?? 0);
      noteHead(seen, rest[0]);
      stream.on('close', () => {
        if (seen.end === 'open') seen.end = 'reset';
      });
      noteStream(stream, seen);
    });
  }

  async read(frames: readonly Buffer[]): Promise<Http2Reading> {
    const reading = createReading();
    this.#reading = reading;
    const wire = new FrameWire();
    this.#server.emit('connection', wire);
    await wire.until(() => wire.frames.some(({ type }) => type === frameSettings));
    return feedFrames(wire, frames, reading);
  }
}

async function readAnswersWithNghttp2(
  frames: readonly Buffer[],
  headerTableSize: number,
): Promise<Http2Reading> {
  const reading = createReading();
  const wire = new FrameWire();
  const session = connect('http://a.test', {
    createConnection: () => wire,
    settings: { enablePush: false, initialWindowSize: windowBytes, headerTableSize },
  });
  ignoreErrors(session);
  for (const { fields, endStream } of clientRequests) {
    const stream = session.request(Object.fromEntries(fields), { endStream });
    const seen = (): ReturnType<typeof streamIn> => streamIn(reading, stream.id ?? 0);
    stream.on('headers', (_headers: IncomingHttpHeaders, _flags: number, ...rest: unknown[]) => {
      seen().informational.push(toHead(pairsOf(rest[0])).join(', '));
    });
    stream.on('response', (_headers, _flags, ...rest: unknown[]) => {
      noteHead(seen(), rest[0]);
      noteStream(stream, seen());
    });
    stream.on('close', () => {
      if (seen().end === 'open') seen().end = 'reset';
    });
    stream.on('error', () => undefined);
  }
  const headCount = (): number => wire.frames.filter(({ type }) => type === frameHeaders).length;
  await wire.until(() => headCount() === clientRequests.length);
  const read = await feedFrames(wire, frames, reading);
  session.destroy();
  return read;
}
