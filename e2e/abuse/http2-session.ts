import type { Socket } from 'node:net';
import { greatestStreamId, preface, settings, settingsAck } from './http2-frames.ts';
import type { AttackSockets } from './attack-sockets.ts';

/** Numbers the streams of one connection. */
export class StreamIds {
  #next = 1;

  /** 0 when there are no more. */
  take(): number {
    const id = this.#next;
    if (id > greatestStreamId) return 0;
    this.#next += 2;
    return id;
  }
}

/**
 * Keeps so many HTTP/2 connections open; `onOpen` is called when the preface and `values` of SETTINGS are written. The
 * other side's SETTINGS are acknowledged, unless nothing is read.
 */
export function keepSessionsOpen(
  sockets: AttackSockets,
  connections: number,
  onOpen: (socket: Socket, ids: StreamIds) => void,
  ...values: readonly (readonly [id: number, value: number])[]
): void {
  sockets.keepOpen(connections, (socket) => {
    socket.write(Buffer.concat([preface, settings(...values)]));
    socket.once('data', () => socket.write(settingsAck));
    onOpen(socket, new StreamIds());
  });
}
