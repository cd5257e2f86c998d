import { Duplex } from 'node:stream';
import { clientPreface, frameHeaderBytes } from '../../src/codec/http2/protocol.ts';

/** A frame that somebody wrote. */
export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** The complete frames of what a client or a server wrote. */
export function splitFrames(written: Buffer): SeenFrame[] {
  const frames: SeenFrame[] = [];
  const hasPreface = written.toString('latin1', 0, clientPreface.length) === clientPreface;
  for (let at = hasPreface ? clientPreface.length : 0; at + frameHeaderBytes <= written.length;) {
    const end = at + frameHeaderBytes + written.readUIntBE(at, 3);
    if (end > written.length) break;
    frames.push({
      type: written.readUInt8(at + 3),
      flags: written.readUInt8(at + 4),
      streamId: written.readUInt32BE(at + 5),
      payload: written.subarray(at + frameHeaderBytes, end),
    });
    at = end;
  }
  return frames;
}

/** Far more than anything takes: what has not come by then never will. */
const maxTurns = 1_000;

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * A socket's stand-in: bytes in by `push`, what comes out is frames. Without a kernel between them a reader has seen
 * all of a chunk one turn after it was pushed.
 */
export class FrameWire extends Duplex {
  frames: readonly SeenFrame[] = [];
  /** Whoever wants the bytes as they are written. */
  onBytes: ((bytes: Buffer) => void) | undefined;
  #written = Buffer.alloc(0);

  constructor() {
    super();
    this.on('error', () => undefined);
  }

  override _read(): void {
    // Everything is pushed.
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.#written = Buffer.concat([this.#written, chunk]);
    this.frames = splitFrames(this.#written);
    this.onBytes?.(chunk);
    callback();
  }

  /** The other end reads no more. */
  get isOver(): boolean {
    return this.destroyed || this.writableEnded;
  }

  /** Turns go by until it is so, or the wire is over. False: it never was. */
  async until(isSo: () => boolean): Promise<boolean> {
    for (let left = maxTurns; !this.isOver && !isSo(); left--) {
      if (left === 0) return false;
      await turn();
    }
    return true;
  }
}
