import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { HpackEncoder } from '../../src/codec/http2/hpack/hpack-encoder.ts';
import {
  clientPreface,
  defaultWindowBytes,
  flagAck,
  flagEndHeaders,
  flagEndStream,
  frameData,
  frameHeaders,
  framePing,
  frameRstStream,
  frameSettings,
  frameWindowUpdate,
  maxWindowBytes,
} from '../../src/codec/http2/protocol.ts';
import { buildFrame } from '../../src/codec/http2/testing/build-frame.ts';
import { uint32, type Fields } from '../../src/codec/http2/testing/scripted-peer.ts';

/** Of a codec, whichever half it is; those of floods of output need a peer of their own. */
export const countersOfBothHalves: readonly string[] = [
  'goaway_sent',
  'header_overflow',
  'inbound_empty_frames_flood',
  'inbound_priority_frames_flood',
  'inbound_window_update_frames_flood',
  'keepalive_timeout',
  'rx_messaging_error',
  'rx_reset',
  'stream_refused_errors',
  'trailers',
];

/**
 * One end of an HTTP/2 connection that sends whatever frames it is told, and of its own accord only SETTINGS and their
 * acknowledgement: no window grows, and no PING is answered. As a client it does not look at what comes.
 */
export class FramePeer {
  readonly socket: Socket;
  readonly #encoder = new HpackEncoder();

  constructor(socket: Socket, preface = '', settings: Buffer | string = '') {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.write(preface, 'latin1');
    // The other end has written its SETTINGS by the time that it reads this.
    this.frame(frameSettings, 0, 0, settings);
    this.frame(frameSettings, flagAck, 0);
  }

  static async open(port: number): Promise<FramePeer> {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    socket.resume();
    return new FramePeer(socket, clientPreface);
  }

  frame(type: number, flags: number, streamId: number, payload: Buffer | string = ''): void {
    this.socket.write(buildFrame(type, flags, streamId, payload));
  }

  headers(streamId: number, fields: Fields, endStream = true): void {
    this.#encoder.begin();
    for (const [name, value] of fields) this.#encoder.add(name, value);
    const flags = flagEndHeaders | (endStream ? flagEndStream : 0);
    this.frame(frameHeaders, flags, streamId, Buffer.from(this.#encoder.block));
  }

  get(streamId: number, path: string): void {
    this.headers(streamId, requestTo('GET', path));
  }

  /** The head of a request whose content follows, or does not. */
  post(streamId: number, path: string): void {
    this.headers(streamId, requestTo('POST', path), false);
  }

  data(streamId: number, payload: string, endStream = false): void {
    this.frame(frameData, endStream ? flagEndStream : 0, streamId, payload);
  }

  reset(streamId: number, code: number): void {
    this.frame(frameRstStream, 0, streamId, uint32(code));
  }

  ping(): void {
    this.frame(framePing, 0, 0, '12345678');
  }

  /** The other end may send a stream as much as the protocol can say. */
  openWindows(streamId: number): void {
    for (const id of [0, streamId]) {
      this.frame(frameWindowUpdate, 0, id, uint32(maxWindowBytes - defaultWindowBytes));
    }
  }

  close(): void {
    this.socket.destroy();
  }
}

function requestTo(method: string, path: string): Fields {
  return [
    [':method', method],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'a.test'],
  ];
}
