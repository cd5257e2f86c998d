import { HpackEncoder } from '../src/codec/http2/hpack/hpack-encoder.ts';
import {
  clientPreface,
  flagAck,
  flagEndHeaders,
  flagEndStream,
  frameData,
  frameHeaders,
  frameSettings,
  frameWindowUpdate,
} from '../src/codec/http2/protocol.ts';

type Fields = Readonly<Record<string, string>>;

const requestFields: Fields = {
  ':method': 'GET',
  ':path': '/',
  ':scheme': 'http',
  ':authority': 'bench.test',
  'user-agent': 'bench/1.0',
};
const answerFields: Fields = {
  ':status': '200',
  server: 'bench/1.0',
  'cache-control': 'max-age=3600',
  date: 'Tue, 24 Nov 2026 06:00:00 GMT',
  'content-length': '24',
  'last-modified': 'Tue, 24 Nov 2026 05:00:00 GMT',
};
const content = Buffer.from('an answer of 24 octets.\n');

/** The frames of one peer: what it begins with, and then the same chunk of some streams again and again. */
export class Http2Peer {
  /** The beginning of the connection, with the tables of HPACK in it. */
  readonly opening: Buffer;
  readonly #chunk: Buffer;
  /** Where in the chunk stream numbers stand. */
  readonly #idOffsets: readonly (readonly number[])[];
  #nextStreamId = 1;

  private constructor(opening: Buffer, streams: readonly (readonly Buffer[])[], behind: Buffer) {
    this.opening = opening;
    const frames: Buffer[] = [];
    let at = 0;
    this.#idOffsets = streams.map((ofStream) =>
      ofStream.map((bytes) => {
        frames.push(bytes);
        at += bytes.length;
        return at - bytes.length + 5;
      }),
    );
    this.#chunk = Buffer.concat([...frames, behind]);
  }

  /** `streamCount` requests a chunk; the window for their answers is opened behind them. */
  static client(streamCount: number): Http2Peer {
    const encoder = new HpackEncoder();
    const flags = flagEndHeaders | flagEndStream;
    const opening = [Buffer.from(clientPreface), frame(frameSettings, 0, 0, noBytes), settingsAck];
    const first = frame(frameHeaders, flags, 1, encode(encoder, requestFields));
    const request = frame(frameHeaders, flags, 0, encode(encoder, requestFields));
    const update = Buffer.alloc(4);
    update.writeUInt32BE(content.length * streamCount);
    const peer = new Http2Peer(
      Buffer.concat([...opening, first]),
      Array.from({ length: streamCount }, () => [request]),
      frame(frameWindowUpdate, 0, 0, update),
    );
    peer.#nextStreamId = 3;
    return peer;
  }

  /** `streamCount` answers a chunk, behind an opening that answers `firstStreamCount` requests. */
  static server(streamCount: number, firstStreamCount: number): Http2Peer {
    const encoder = new HpackEncoder();
    const first = encode(encoder, answerFields);
    const head = frame(frameHeaders, flagEndHeaders, 0, encode(encoder, answerFields));
    const body = frame(frameData, flagEndStream, 0, content);
    const opening = [frame(frameSettings, 0, 0, noBytes), settingsAck];
    let streamId = 1;
    for (let block = first; streamId < 2 * firstStreamCount; streamId += 2) {
      opening.push(frame(frameHeaders, flagEndHeaders, streamId, block));
      opening.push(frame(frameData, flagEndStream, streamId, content));
      block = head.subarray(9);
    }
    const peer = new Http2Peer(
      Buffer.concat(opening),
      Array.from({ length: streamCount }, () => [head, body]),
      noBytes,
    );
    peer.#nextStreamId = streamId;
    return peer;
  }

  /** The chunk, good until the next call. */
  next(): Buffer {
    for (const ofStream of this.#idOffsets) {
      for (const at of ofStream) this.#chunk.writeUInt32BE(this.#nextStreamId, at);
      this.#nextStreamId += 2;
    }
    return this.#chunk;
  }
}

const noBytes = Buffer.alloc(0);
const settingsAck = frame(frameSettings, flagAck, 0, noBytes);

function encode(encoder: HpackEncoder, fields: Fields): Buffer {
  encoder.begin();
  for (const [name, value] of Object.entries(fields)) encoder.add(name, value);
  return Buffer.from(encoder.block);
}

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}
