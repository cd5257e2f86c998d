import { GrpcFrames } from './grpc-frames.ts';

/** Set in the prefix of the last message of a stream: how the call ended, in JSON (Connect protocol, "EndStreamResponse"). */
const endStreamFlag = 2;
/** Errors may have details; a longer end is taken for one. */
const maxEndBytes = 64 * 1024;

/** Follows the answer of a streaming call of the Connect protocol, which has the frames of gRPC and no trailers. */
export class ConnectAnswer {
  /** The last message came whole, and names no error. */
  isSuccess = false;
  readonly #frames = new GrpcFrames();
  readonly #end: Buffer[] = [];
  #endBytes = 0;
  #hasEnded = false;

  /** Returns how many messages began in the chunk; the last one is none. */
  count(chunk: Buffer): number {
    const frames = this.#frames;
    let count = 0;
    for (let at = 0; at < chunk.length && !this.#hasEnded;) {
      const before = frames.startedCount;
      at = frames.advance(chunk, at);
      if ((frames.flags & endStreamFlag) === 0) count += frames.startedCount - before;
      else this.#keep(chunk.subarray(frames.contentAt, at));
    }
    return count;
  }

  #keep(content: Buffer): void {
    this.#endBytes += content.length;
    if (this.#endBytes <= maxEndBytes) this.#end.push(Buffer.from(content));
    else this.#end.length = 0;
    if (!this.#frames.isBetween) return;
    this.#hasEnded = true;
    this.isSuccess = this.#endBytes <= maxEndBytes && hasNoError(Buffer.concat(this.#end).toString());
  }
}

function hasNoError(text: string): boolean {
  try {
    const end: unknown = JSON.parse(text);
    return typeof end === 'object' && end !== null && !Array.isArray(end) && !Object.hasOwn(end, 'error');
  } catch {
    return false;
  }
}
